"""Choice of device and precision for a local language model, and a measurement of its memory use."""

from __future__ import annotations

from typing import Any

from veritrain_lib.core.errors import UserError

PRECISIONS = ("auto", "float32", "bfloat16")


def best_device() -> Any:
    """Return the best available torch device: CUDA, Apple's MPS, or the CPU."""
    import torch

    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def dtype_for(precision: str, device: Any) -> Any:
    """Return the torch dtype in which a base model's weights are loaded on a device.

    Args:
        precision: `float32`, `bfloat16`, or `auto` (bfloat16 on a CUDA device that supports it, else
            float32).
        device: the torch device.

    Raises:
        UserError: the precision is none of these.
    """
    import torch

    if precision not in PRECISIONS:
        raise UserError(f"precision must be one of {', '.join(PRECISIONS)}, not {precision!r}")
    if precision != "auto":
        return getattr(torch, precision)
    supported = device.type == "cuda" and torch.cuda.is_bf16_supported()
    return torch.bfloat16 if supported else torch.float32


def usage(device: Any) -> dict[str, float]:
    """Return the memory and GPU use of this process, for the log of a training.

    Returns:
        On CUDA `gpu_memory_gb` (the peak so far) and, if NVIDIA's library is available, `gpu_percent` (0 to
        100); on other devices `memory_gb` (the current memory of this process).
    """
    import psutil
    import torch

    if device.type != "cuda":
        return {"memory_gb": psutil.Process().memory_info().rss / 1e9}
    used = {"gpu_memory_gb": torch.cuda.max_memory_allocated(device) / 1e9}
    try:
        used["gpu_percent"] = float(torch.cuda.utilization(device))
    except (ModuleNotFoundError, RuntimeError):
        # NVIDIA's library is not available: the percentage is left out, not guessed.
        return used
    return used
