"""Where a model runs: an accelerator when there is one, else the CPU; and how much of it is used."""

from __future__ import annotations

from typing import Any

from veritrain_lib.core.errors import UserError

PRECISIONS = ("auto", "float32", "bfloat16")


def best_device() -> Any:
    """The torch device: CUDA, Apple's MPS, or the CPU."""
    import torch

    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def dtype_for(precision: str, device: Any) -> Any:
    """The torch dtype of the base's weights: `auto` is bfloat16 where the device computes in it, else float32.

    Raises UserError for another name than `auto`, `float32` and `bfloat16`.
    """
    import torch

    if precision not in PRECISIONS:
        raise UserError(f"precision must be one of {', '.join(PRECISIONS)}, not {precision!r}")
    if precision != "auto":
        return getattr(torch, precision)
    fits = device.type == "cuda" and torch.cuda.is_bf16_supported()
    return torch.bfloat16 if fits else torch.float32


def usage(device: Any) -> dict[str, float]:
    """What the work uses now: `gpu_memory_gb` (highest so far) and, where NVIDIA's library tells it, `gpu_percent`
    (0 to 100) on CUDA; `memory_gb` of this process elsewhere.
    """
    import psutil
    import torch

    if device.type != "cuda":
        return {"memory_gb": psutil.Process().memory_info().rss / 1e9}
    used = {"gpu_memory_gb": torch.cuda.max_memory_allocated(device) / 1e9}
    try:
        used["gpu_percent"] = float(torch.cuda.utilization(device))
    except (ModuleNotFoundError, RuntimeError):
        # NVIDIA's library is not there: the share is left out, not guessed.
        return used
    return used
