"""The parameters of trainer `lora`, as a task sets them under `trainer.parameters`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from veritrain_lib.core.errors import UserError


class LoraParameters(BaseModel):
    """Settings of a training, in the terms of peft and transformers.

    Attributes:
        base: folder of the checkpoint, relative to the task file.
        epochs: maximum; early stopping may end the training sooner.
        batch_size: rows a forward pass on a device.
        accumulate: forward passes for each optimizer step (gradient accumulation).
        learning_rate: peak; falls linearly to 0 after a warm-up of 3 % of the steps.
        rank: rank of the update of a weight matrix.
        alpha: the update is scaled by alpha / rank.
        dropout: dropout of the adapter.
        modules: modules that get adapters (names, or `all-linear`).
        also: modules that are trained in full and saved with the adapter. A module that shared its weights with
            another one no longer does.
        max_input_tokens: rows with a longer question are rejected, never truncated.
        max_answer_tokens: rows with a longer answer are rejected, never truncated.
        candidates: number of answers the model gives.
        held_out: share of the rows that are only evaluated, for early stopping.
        patience: evaluations without a lower held-out loss after which the training stops; the best state is kept
            (0: never stops early).
        every: optimizer steps between two evaluations and checkpoints.
        precision: of the base's weights: `auto`, `float32` or `bfloat16`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    base: str = Field(min_length=1)
    epochs: int = Field(default=3, ge=1, le=1000)
    batch_size: int = Field(default=8, ge=1, le=1024)
    accumulate: int = Field(default=1, ge=1, le=1024)
    learning_rate: float = Field(default=2e-4, gt=0, le=1)
    rank: int = Field(default=16, ge=1, le=1024)
    alpha: int = Field(default=32, ge=1, le=4096)
    dropout: float = Field(default=0.05, ge=0, lt=1)
    modules: Literal["all-linear"] | list[str] = "all-linear"
    also: list[str] = []
    max_input_tokens: int = Field(default=1024, ge=8, le=1_000_000)
    max_answer_tokens: int = Field(default=256, ge=1, le=1_000_000)
    candidates: int = Field(default=1, ge=1, le=20)
    held_out: float = Field(default=0.1, ge=0, le=0.5)
    patience: int = Field(default=3, ge=0, le=1000)
    every: int = Field(default=50, ge=1, le=1_000_000)
    precision: Literal["auto", "float32", "bfloat16"] = "auto"

    @classmethod
    def read(cls, parameters: dict[str, Any]) -> LoraParameters:
        """Validate the parameters of a task.

        Raises:
            UserError: a parameter is unknown, missing or invalid.
        """
        try:
            return cls(**parameters)
        except ValidationError as error:
            lines = [_line(item) for item in error.errors()]
            raise UserError(
                f"trainer lora: {'; '.join(lines)}. Allowed: {', '.join(cls.model_fields)}"
            ) from error


def _line(item: Any) -> str:
    name = str(item["loc"][0]) if item["loc"] else "parameters"
    if item["type"] == "extra_forbidden":
        return f"there is no parameter {name}"
    if item["type"] == "missing":
        return f"parameter {name} is required (the folder of a checkpoint)"
    return f"{name}: {item['msg'][0].lower()}{item['msg'][1:]}, not {item['input']!r}"
