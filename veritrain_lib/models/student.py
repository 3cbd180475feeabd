"""The student: a small scikit-learn model that answers with candidates, scores and an explanation."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError
from veritrain_lib.models.folder import open_folder
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
    """Answers rows and scores every label it was trained on (the protocols `Model` and `Scorer`).

    `folder` is where it is saved, None while it lives in memory only. `labels` are those it was trained on,
    in the order of the columns of `scores`; they may be fewer than the task's.
    """

    def __init__(self, served: ServedStudent, folder: Path | None = None) -> None:
        self.served = served
        self.labels: list[str] = served.card.labels
        self._folder = folder

    @property
    def uri(self) -> str:
        """`student:FOLDER`, by which `open_model` opens it; `student:` alone while it is not saved."""
        return f"{SCHEME}{self._folder or ''}"

    def scores(self, rows: pd.DataFrame) -> np.ndarray:
        """Shape (rows, labels), each row sums to 1: relative scores, not calibrated probabilities.

        Raises UserError when an input column is missing.
        """
        try:
            return self.served.scores(rows)
        except MissingColumns as error:
            raise UserError(str(error)) from error

    def answer(self, rows: pd.DataFrame) -> list[Response]:
        """One response a row, in order; `raw` is the JSON text that the output contract judges.

        `seconds` is the mean over the rows: they are answered together. Raises UserError when an input column
        is missing.
        """
        return respond(self.served, rows, "label", MissingColumns)

    def save(self, folder: Path) -> None:
        """Write it into a folder; from then on `uri` names that folder."""
        self.served.save(folder)
        self._folder = Path(folder).resolve()


def open_student(uri: str, task: Task) -> Student:
    """Open `student:FOLDER` for a task.

    Raises UserError when there is no student in the folder, when it was written by another version of the
    format or of scikit-learn, when it is damaged, or when it reads other columns or knows labels that the
    task does not have.
    """
    served, folder = open_folder(uri, SCHEME, "student", _load)
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


PARTS = re.compile(
    r"(builtins|numpy)\.\w+|numpy\.dtypes\.\w+|scipy\.sparse\..+|sklearn\.pipeline\.FeatureUnion"
    r"|sklearn\.feature_extraction\.text\.Tfidf(Vectorizer|Transformer)|sklearn\.svm\._classes\.LinearSVC"
)
"""What a student is made of."""


def _load(folder: Path) -> ServedStudent:
    """Open one whose file names nothing that a student is not made of; raises ValueError for any other."""
    file = folder / MODEL_FILE
    if file.is_file():
        foreign = [
            name
            for name in skops_types.named_types(file)
            if not (PARTS.fullmatch(name) and skops_types.PLAIN.fullmatch(name))
        ]
        if foreign:
            raise ValueError(
                f"{file} is not opened: it names {', '.join(foreign)[:300]}, of which no student is made, and could run code"
            )
    return ServedStudent.load(folder)
