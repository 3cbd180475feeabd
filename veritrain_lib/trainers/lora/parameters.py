"""What a task may set under `trainer.parameters` for trainer `lora`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from veritrain_lib.core.errors import UserError


class LoraParameters(BaseModel):
    """Settings of a training, in the terms of peft and transformers.

    `base` is the folder of the checkpoint, relative to the task file. `epochs` at most, because early stopping may
    end sooner; `batch_size` rows a step on a device, times `accumulate` steps for each change of weights;
    `learning_rate` falls linearly to 0 after 3 % of warming up. `rank`, `alpha` and `dropout` are LoRA's: the
    change of a weight matrix is of this rank and scaled by alpha / rank. `modules` get adapters (names, or
    `all-linear`); modules in `also` are trained whole and kept with the adapter (one that shares its weights with
    another module no longer does). Rows with more than
    `max_input_tokens` or `max_answer_tokens` are refused, never cut. `candidates` is how many answers the model
    gives. `held_out` is the share of rows that are not trained on but watched; after `patience` measurements
    without a lower loss on them training stops, and the best state is kept (0: never stops early). Every `every`
    changes of weights the loss is measured and a checkpoint written. `precision` of the base's weights: `auto`,
    `float32` or `bfloat16`.
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
    def read(cls, given: dict[str, Any]) -> LoraParameters:
        """Check what the task gives. Raises UserError for an unknown, missing or wrong parameter."""
        try:
            return cls(**given)
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
