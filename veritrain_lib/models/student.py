"""The student: a small scikit-learn model that answers with candidates, scores and an explanation.

`served` holds the prediction code that model servers ship; this module adapts it to the protocols of `base`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError
from veritrain_lib.models.folder import load_from_folder
from veritrain_lib.models.responding import respond
from veritrain_lib.models.served import MODEL_FILE, MissingColumns, ServedStudent
from veritrain_lib.trust import skops_types

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task

SCHEME = "student:"


class Student:
    """A student that answers rows and scores every label (the protocols `Model` and `Scorer`).

    Attributes:
        served: the prediction code with the fitted model.
        labels: the labels it was trained on, in the order of the columns of `scores`; they may be fewer than the
            task's.
    """

    def __init__(self, served: ServedStudent, folder: Path | None = None) -> None:
        # `folder` is None until the student is saved.
        self.served = served
        self.labels: list[str] = served.card.labels
        self._folder = folder

    @property
    def uri(self) -> str:
        """The URI `student:FOLDER` for `open_model`; `student:` alone until the student is saved."""
        return f"{SCHEME}{self._folder or ''}"

    def scores(self, rows: pd.DataFrame) -> np.ndarray:
        """Return the score of every label for every row.

        Returns:
            Shape (rows, labels), each row sums to 1: relative scores, not calibrated probabilities.

        Raises:
            UserError: an input column is missing.
        """
        try:
            return self.served.scores(rows)
        except MissingColumns as error:
            raise UserError(str(error)) from error

    def answer(self, rows: pd.DataFrame) -> list[Response]:
        """Return one response for each row, in order.

        Returns:
            Responses whose `raw` is the JSON text that is checked against the output contract and whose `seconds`
            is the mean over the rows, which are answered together.

        Raises:
            UserError: an input column is missing.
        """
        return respond(self.served, rows, "label", MissingColumns)

    def save(self, folder: Path) -> None:
        """Write the student into a folder; from then on `uri` names that folder."""
        self.served.save(folder)
        self._folder = Path(folder).resolve()


def open_student(uri: str, task: Task) -> Student:
    """Open `student:FOLDER` for a task.

    Raises:
        UserError: there is no student in the folder, it was written by another version of the format or of
            scikit-learn, it is damaged, or it reads columns or has labels that the task does not have.
    """
    served, folder = load_from_folder(uri, SCHEME, "student", _load)
    if served.card.inputs != list(task.inputs):
        raise UserError(
            f"{uri} reads {served.card.inputs}, task {task.name} has {list(task.inputs)}; train again"
        )
    foreign = sorted(set(served.card.labels) - set(task.labels)) if task.labels else []
    if foreign:
        raise UserError(
            f"{uri} answers with labels that task {task.name} lacks: {', '.join(foreign)}; train again"
        )
    return Student(served, folder)


STUDENT_TYPES = re.compile(
    r"(builtins|numpy)\.\w+|numpy\.dtypes\.\w+|scipy\.sparse\..+|sklearn\.pipeline\.FeatureUnion"
    r"|sklearn\.feature_extraction\.text\.Tfidf(Vectorizer|Transformer)|sklearn\.svm\._classes\.LinearSVC"
)
"""The types that the file of a student may contain."""


def _load(folder: Path) -> ServedStudent:
    """Load a student; raise ValueError when its file names a type that no student contains."""
    file = folder / MODEL_FILE
    if file.is_file():
        foreign = [
            name
            for name in skops_types.named_types(file)
            if not (STUDENT_TYPES.fullmatch(name) and skops_types.SAFE_TYPES.fullmatch(name))
        ]
        if foreign:
            raise ValueError(
                f"{file} is not opened: it names the types {', '.join(foreign)[:300]}, which no student contains and which could run code"
            )
    return ServedStudent.load(folder)
