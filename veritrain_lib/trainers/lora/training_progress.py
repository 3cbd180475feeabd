"""Progress reports of a running LoRA training: numbers for the MLflow run, and lines on the terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from veritrain_lib.models.lora.device import usage

OnStep = Callable[[int, Mapping[str, float]], None]
"""Type of a callback that is called with the number of optimizer steps so far and with numbers by name."""

NAMES = {"loss": "training_loss", "eval_loss": "held_out_loss", "learning_rate": "learning_rate"}
"""Numbers that are reported, by their name in the log of transformers, with the name they get here."""
SECONDS_BETWEEN_LINES = 5.0


class TrainingProgress:
    """Reporter of a LoRA training's progress; it also prints a line every few seconds.

    Args:
        device: the torch device.
        on_step: called with `training_loss` or `held_out_loss`, `learning_rate`, the `epoch` so far, the
            number of `steps`, `seconds_left` at the speed so far, and the numbers of `device.usage`. None:
            not called.
    """

    def __init__(self, device: Any, on_step: OnStep | None) -> None:
        self._device = device
        self._on_step = on_step
        self._started = time.monotonic()
        self._first_step = 0
        self._printed_at = float("-inf")
        self._finished = False
        self._latest: dict[str, float] = {}

    def begin(self, step: int, history: list[dict[str, Any]]) -> None:
        """Start the reports of a training that begins or resumes.

        Args:
            step: number of optimizer steps done; above 0 for a resumed training.
            history: log of the steps done by an earlier, killed process; its numbers are reported again.
        """
        self._started, self._first_step = time.monotonic(), step
        for entry in history:
            numbers = _renamed(entry)
            if numbers and self._on_step is not None:
                self._on_step(int(entry["step"]), numbers)
        if step:
            print(f"LoRA: resuming from the checkpoint after step {step}", flush=True)

    def log(self, step: int, steps: int, logged: Mapping[str, Any]) -> None:
        """Report the numbers that a training has logged.

        Args:
            step: number of optimizer steps done.
            steps: number of all optimizer steps; 0 when it is not known yet.
            logged: numbers by their name in the log of transformers.
        """
        numbers = _renamed(logged)
        if not numbers:
            return
        self._latest |= numbers
        done = step - self._first_step
        seconds_left = (time.monotonic() - self._started) / done * (steps - step) if done else None
        used = usage(self._device)
        if self._on_step is not None:
            extra = {"epoch": float(logged["epoch"])} if "epoch" in logged else {}
            extra |= {"steps": float(steps)} if steps else {}
            extra |= {} if seconds_left is None else {"seconds_left": seconds_left}
            self._on_step(step, {**numbers, **used, **extra})
        # The number of steps is unknown before the first one; the last step is logged twice.
        due = time.monotonic() - self._printed_at >= SECONDS_BETWEEN_LINES or step == steps
        if steps and due and not self._finished:
            self._printed_at, self._finished = time.monotonic(), step == steps
            print(self._line(step, steps, seconds_left, used), flush=True)

    def _line(self, step: int, steps: int, seconds_left: float | None, used: Mapping[str, float]) -> str:
        losses = [
            f"{name.replace('_', ' ')} {self._latest[name]:.3f}"
            for name in ("training_loss", "held_out_loss")
            if name in self._latest
        ]
        usage_texts = [
            f"{name.replace('_', ' ').replace(' gb', '')} {_formatted(name, value)}"
            for name, value in used.items()
        ]
        end = [] if seconds_left is None else [f"about {seconds_left / 60:.1f} min left at most"]
        return f"LoRA on {self._device}: step {step} of {steps}, {', '.join([*losses, *usage_texts, *end])}"


def _renamed(logged: Mapping[str, Any]) -> dict[str, float]:
    return {ours: float(logged[theirs]) for theirs, ours in NAMES.items() if theirs in logged}


def _formatted(name: str, value: float) -> str:
    return f"{value:.0f} %" if name.endswith("percent") else f"{value:.1f} GB"
