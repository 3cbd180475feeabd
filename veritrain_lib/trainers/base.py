"""What makes challengers: one protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from veritrain_lib.models.base import Model
    from veritrain_lib.task import Task


class Fitted(Protocol):
    """What a trainer hands back: a model that is ready to answer, and can be put on disk."""

    @property
    def model(self) -> Model:
        """The trained model, opened."""
        ...

    def save(self, folder: Path) -> None:
        """Write everything that is needed to open it again into an empty folder (`open_model('student:FOLDER')`)."""
        ...


class Trainer(Protocol):
    """Makes a model from rows. Made by `Trainer(**parameters)` from the task's `trainer.parameters`."""

    name: str

    def train(self, task: Task, rows: pd.DataFrame, *, seed: int) -> Fitted:
        """Train on rows (columns as `records` says). Same rows, parameters and seed: same answers."""
        ...
