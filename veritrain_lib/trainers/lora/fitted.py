"""What trainer `lora` hands back: a finished adapter on disk."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.trainers.base import empty_place

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.models.lora.model import LoraModel


@dataclass(frozen=True)
class FittedLora:
    """A tuned adapter (the protocol `Fitted`), registered as an adapter of its base.

    `folder` is where it lies; `base` the address of its checkpoint; `facts` what people want to know of the
    training; `digest` the SHA-256 of its weights.
    """

    task: Task = field(repr=False)
    folder: Path
    base: str
    digest: str
    facts: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def model(self) -> LoraModel:
        """The tuned model, opened from its folder as it will be later."""
        from veritrain_lib.models.lora.model import open_lora

        return open_lora(f"lora:{self.folder}", self.task)

    def save(self, folder: Path) -> None:
        """Write adapter and card into an empty or new folder; `open_model("lora:FOLDER", task)` opens it again.

        Raises UserError when the folder holds anything.
        """
        shutil.copytree(self.folder, empty_place(folder), dirs_exist_ok=True)
        self.model.moved(folder)
