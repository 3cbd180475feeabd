"""Result of the trainer `lora`: a finished LoRA adapter on disk."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.trainers.base import require_empty_folder

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.models.lora.model import LoraModel
    from veritrain_lib.trainers.base import ServingSpec


@dataclass(frozen=True)
class FittedLora:
    """Trained LoRA adapter (protocol `Fitted`), registered as an adapter of its base model.

    Attributes:
        task: the task.
        folder: folder of the adapter.
        base: URI of the base model's checkpoint.
        digest: SHA-256 of the adapter's weights.
        facts: statistics of the training for people.
    """

    task: Task = field(repr=False)
    folder: Path
    base: str
    digest: str
    facts: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def model(self) -> LoraModel:
        """The language model with its adapter, loaded from the adapter's folder by `open_lora`."""
        from veritrain_lib.models.lora.model import open_lora

        return open_lora(f"lora:{self.folder}", self.task)

    @property
    def served(self) -> ServingSpec | None:
        """None: model servers can't serve a LoRA adapter; only `open_model` opens it."""
        return None

    def save(self, folder: Path) -> None:
        """Copy the LoRA adapter into an empty or new folder; `open_model("lora:FOLDER", task)` opens it again.

        Raises:
            UserError: the folder is not empty.
        """
        shutil.copytree(self.folder, require_empty_folder(folder), dirs_exist_ok=True)
        self.model.set_folder(folder)
