"""Translation memory as a model: it answers with the human translation of the most similar stored source text."""

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
    """Translation memory that answers rows (protocols `Model` and `SupportsConfidence`).

    Attributes:
        served: the prediction code with the stored translation pairs.
    """

    def __init__(self, served: ServedMemory, folder: Path | None = None) -> None:
        # `folder` is None until the memory is saved.
        self.served = served
        self._folder = folder

    @property
    def uri(self) -> str:
        """The URI `memory:FOLDER` of the translation memory; only `memory:` until it is saved."""
        return f"{SCHEME}{self._folder or ''}"

    def confidence(self, rows: pd.DataFrame) -> np.ndarray:
        """Return the translation memory's confidence for each row: the similarity to the nearest stored source text.

        Returns:
            Array of shape (rows,), values from 0 to 1.

        Raises:
            UserError: a column is missing.
        """
        try:
            return self.served.confidence(rows)
        except MissingColumns as error:
            raise UserError(str(error)) from error

    def answer(self, rows: pd.DataFrame) -> list[Response]:
        """Return the translation memory's response to each row, in order.

        Returns:
            Responses whose `seconds` is the mean over the rows, which are answered together. A row that is
            similar to no stored pair gets a response with `error`.

        Raises:
            UserError: a column is missing.
        """
        return respond(self.served, rows, self.served.card.target, MissingColumns)

    def save(self, folder: Path) -> None:
        """Write the translation memory into a folder, which `uri` names from then on."""
        self.served.save(folder)
        self._folder = Path(folder).resolve()


def open_memory(uri: str, task: Task) -> Memory:
    """Open the translation memory `memory:FOLDER` for a task.

    Raises:
        UserError: there is no memory in the folder, it is damaged or has another format version, or its
            source or target column is not one of the task's.
    """
    served, folder = load_from_folder(uri, SCHEME, "memory", ServedMemory.load)
    card = served.card
    if card.source not in task.inputs or card.target != task.target.field:
        raise UserError(
            f"{uri} reads {card.source} and answers {card.target}; task {task.name} has {list(task.inputs)} and "
            f"{task.target.field}; train again"
        )
    return Memory(served, folder)
