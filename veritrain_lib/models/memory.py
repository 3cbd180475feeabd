"""A translation memory as a model: it answers with the human translation of the most similar source text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError
from veritrain_lib.models.folder import load_from_folder
from veritrain_lib.models.responding import respond
from veritrain_lib.models.served_memory import MissingColumns, ServedMemory

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task

SCHEME = "memory:"


class Memory:
    """A translation memory that answers rows (the protocols `Model` and `SupportsConfidence`).

    Attributes:
        served: the prediction code with the stored pairs.
    """

    def __init__(self, served: ServedMemory, folder: Path | None = None) -> None:
        # `folder` is None until the memory is saved.
        self.served = served
        self._folder = folder

    @property
    def uri(self) -> str:
        """The URI `memory:FOLDER` for `open_model`; `memory:` alone until the memory is saved."""
        return f"{SCHEME}{self._folder or ''}"

    def confidence(self, rows: pd.DataFrame) -> np.ndarray:
        """Return the similarity of each row to the nearest stored source.

        Returns:
            Shape (rows,), 0 to 1.

        Raises:
            UserError: a column is missing.
        """
        try:
            return self.served.confidence(rows)
        except MissingColumns as error:
            raise UserError(str(error)) from error

    def answer(self, rows: pd.DataFrame) -> list[Response]:
        """Return one response for each row, in order.

        Returns:
            Responses whose `seconds` is the mean over the rows, which are answered together. A row that is similar
            to no pair gets a response with `error`.

        Raises:
            UserError: a column is missing.
        """
        return respond(self.served, rows, self.served.card.target, MissingColumns)

    def save(self, folder: Path) -> None:
        """Write the memory into a folder; from then on `uri` names that folder."""
        self.served.save(folder)
        self._folder = Path(folder).resolve()


def open_memory(uri: str, task: Task) -> Memory:
    """Open `memory:FOLDER` for a task.

    Raises:
        UserError: there is no memory in the folder, it is damaged or of another format version, or it reads or
            answers another column than the task's.
    """
    served, folder = load_from_folder(uri, SCHEME, "memory", ServedMemory.load)
    card = served.card
    if card.source not in task.inputs or card.target != task.target.field:
        raise UserError(
            f"{uri} reads {card.source} and answers {card.target}; task {task.name} has {list(task.inputs)} and "
            f"{task.target.field}; train again"
        )
    return Memory(served, folder)
