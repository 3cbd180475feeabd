"""What is told while a training runs: to the record at each measurement, to people a line now and then."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from veritrain_lib.models.lora.device import usage

OnStep = Callable[[int, dict[str, float]], None]
"""Takes the number of weight changes so far, and numbers by name."""

NAMES = {"loss": "training_loss", "eval_loss": "held_out_loss", "learning_rate": "learning_rate"}
"""transformers' names of what is logged, and ours."""
SECONDS_BETWEEN_LINES = 5.0


class Listener:
    """Hears of every measurement of a training.

    `on_step` gets `training_loss` or `held_out_loss`, `learning_rate`, the `epoch` so far, how many
    `steps` there are, `seconds_left` at the pace so far, and what `device.usage` says; None when nobody listens. A line is printed every few seconds.
    """

    def __init__(self, device: Any, on_step: OnStep | None) -> None:
        self._device = device
        self._on_step = on_step
        self._began = time.monotonic()
        self._from = 0
        self._printed = float("-inf")
        self._over = False
        self._said: dict[str, float] = {}

    def begin(self, step: int, history: list[dict[str, Any]]) -> None:
        """A training starts at a step; what an earlier process measured before it was killed is told again."""
        self._began, self._from = time.monotonic(), step
        for entry in history:
            numbers = _named(entry)
            if numbers and self._on_step is not None:
                self._on_step(int(entry["step"]), numbers)
        if step:
            print(f"LoRA: goes on from the checkpoint after step {step}", flush=True)

    def measured(self, step: int, steps: int, logged: Mapping[str, Any]) -> None:
        """Something was measured after `step` of `steps` weight changes."""
        numbers = _named(logged)
        if not numbers:
            return
        self._said |= numbers
        done = step - self._from
        left = (time.monotonic() - self._began) / done * (steps - step) if done else None
        used = usage(self._device)
        if self._on_step is not None:
            whole = {"epoch": float(logged["epoch"])} if "epoch" in logged else {}
            whole |= {"steps": float(steps)} if steps else {}
            whole |= {} if left is None else {"seconds_left": left}
            self._on_step(step, {**numbers, **used, **whole})
        # Before the first step nobody knows how many there will be; the last one is measured twice.
        due = time.monotonic() - self._printed >= SECONDS_BETWEEN_LINES or step == steps
        if steps and due and not self._over:
            self._printed, self._over = time.monotonic(), step == steps
            print(self._line(step, steps, left, used), flush=True)

    def _line(self, step: int, steps: int, left: float | None, used: Mapping[str, float]) -> str:
        losses = [
            f"{name.replace('_', ' ')} {self._said[name]:.3f}"
            for name in ("training_loss", "held_out_loss")
            if name in self._said
        ]
        uses = [
            f"{name.replace('_', ' ').replace(' gb', '')} {_shown(name, value)}"
            for name, value in used.items()
        ]
        end = [] if left is None else [f"about {left / 60:.1f} min left at most"]
        return f"LoRA on {self._device}: step {step} of {steps}, {', '.join([*losses, *uses, *end])}"


def _named(logged: Mapping[str, Any]) -> dict[str, float]:
    return {ours: float(logged[theirs]) for theirs, ours in NAMES.items() if theirs in logged}


def _shown(name: str, value: float) -> str:
    return f"{value:.0f} %" if name.endswith("percent") else f"{value:.1f} GB"
