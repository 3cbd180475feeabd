"""A translation memory as a model: it answers with what people wrote for the most alike text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError
from veritrain_lib.models.folder import open_folder
from veritrain_lib.models.responding import respond
from veritrain_lib.models.served_memory import MissingColumns, ServedMemory

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task

SCHEME = "memory:"


class Memory:
    """Answers rows and says how near the nearest pair is (the protocols `Model` and `Sure`).

    `folder` is where it is saved, None while it lives in memory only.
    """

    def __init__(self, served: ServedMemory, folder: Path | None = None) -> None:
        self.served = served
        self._folder = folder

    @property
    def uri(self) -> str:
        """`memory:FOLDER`, by which `open_model` opens it; `memory:` alone while it is not saved."""
        return f"{SCHEME}{self._folder or ''}"

    def certainty(self, rows: pd.DataFrame) -> np.ndarray:
        """Shape (rows,), 0 to 1: how alike the nearest source is. Raises UserError when a column is missing."""
        try:
            return self.served.certainty(rows)
        except MissingColumns as error:
            raise UserError(str(error)) from error

    def answer(self, rows: pd.DataFrame) -> list[Response]:
        """One response a row, in order; a row like no pair gets one with `error`.

        `seconds` is the mean over the rows: they are answered together. Raises UserError when a column is missing.
        """
        return respond(self.served, rows, self.served.card.target, MissingColumns)

    def save(self, folder: Path) -> None:
        """Write it into a folder; from then on `uri` names that folder."""
        self.served.save(folder)
        self._folder = Path(folder).resolve()


def open_memory(uri: str, task: Task) -> Memory:
    """Open `memory:FOLDER` for a task.

    Raises UserError when there is no memory in the folder, when it is damaged or of another version of the
    format, or when it reads or answers another column than the task's.
    """
    served, folder = open_folder(uri, SCHEME, "memory", ServedMemory.load)
    card = served.card
    if card.source not in task.inputs or card.target != task.target.field:
        raise UserError(
            f"{uri} reads {card.source} and answers {card.target}; task {task.name} has {list(task.inputs)} and "
            f"{task.target.field}; train again"
        )
    return Memory(served, folder)
