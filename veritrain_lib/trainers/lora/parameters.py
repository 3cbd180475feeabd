"""Parameters of the trainer `lora`, as a task file sets them under `trainer.parameters`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from veritrain_lib.core.errors import UserError


class LoraParameters(BaseModel):
    """Parameters of the trainer `lora`, in the terms of peft and transformers.

    Attributes:
        base: folder of the base model's checkpoint, relative to the task file.
        epochs: maximum number of epochs; early stopping may end the training sooner.
        batch_size: rows per forward pass on a device.
        accumulate: forward passes per optimizer step (gradient accumulation).
        learning_rate: peak learning rate; it falls linearly to 0 after a warm-up of 3 % of the steps.
        rank: rank of the update of a weight matrix.
        alpha: scale of the update, which is multiplied by alpha / rank.
        dropout: dropout of the adapter.
        modules: names of the modules that get adapters, or `all-linear`.
        also: names of modules that are trained in full and saved with the adapter. If such a module shared
            its weights with another module, the two are separated.
        max_input_tokens: token limit of a question; rows with a longer question are rejected, never
            truncated.
        max_answer_tokens: token limit of an answer; rows with a longer answer are rejected, never truncated.
        candidates: number of answers that the model gives to a row.
        held_out: share of the rows that are only evaluated, for early stopping.
        patience: number of evaluations without a lower held-out loss after which the training stops; the best
            state is kept. 0: it never stops early.
        every: optimizer steps between two evaluations and checkpoints.
        precision: precision of the base model's weights: `auto`, `float32` or `bfloat16`.
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
        """Validate the parameters of the trainer `lora` in a task file and return them.

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
