"""The student model: a small scikit-learn model for labels that trains in seconds.

It answers with candidates, scores and an explanation. The prediction code itself is in `served`, which model
servers get a copy of; this module adapts it to the protocols in `base`.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError
from veritrain_lib.encoders import vector_store
from veritrain_lib.encoders.base import open_encoder
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
    """Small scikit-learn classifier that answers rows and scores every label (protocols `Model` and `Scorer`).

    Attributes:
        served: the prediction code with the fitted model.
        labels: the labels it was trained on, in the order of the columns of `scores`; some of the task's
            labels may be missing.
    """

    def __init__(self, served: ServedStudent, folder: Path | None = None) -> None:
        # `folder` is None until the student is saved.
        self.served = served
        if served.card.encoder:
            served.vectors = partial(vector_store.encode, open_encoder(served.card.encoder))
        self.labels: list[str] = served.card.labels
        self._folder = folder

    @property
    def uri(self) -> str:
        """The URI `student:FOLDER` of the student model; only `student:` until it is saved."""
        return f"{SCHEME}{self._folder or ''}"

    def scores(self, rows: pd.DataFrame) -> np.ndarray:
        """Return the student model's score of every label for every row.

        Returns:
            Array of shape (rows, labels); each row sums to 1. The scores are relative, not calibrated
            probabilities.

        Raises:
            UserError: an input column is missing.
        """
        try:
            return self.served.scores(rows)
        except MissingColumns as error:
            raise UserError(str(error)) from error

    def answer(self, rows: pd.DataFrame) -> list[Response]:
        """Return the student model's response to each row, in order.

        Returns:
            Responses whose `raw` is the JSON text that is checked against the output contract and whose `seconds`
            is the mean over the rows, which are answered together.

        Raises:
            UserError: an input column is missing.
        """
        return respond(self.served, rows, "label", MissingColumns)

    def save(self, folder: Path) -> None:
        """Write the student model into a folder, which `uri` names from then on."""
        self.served.save(folder)
        self._folder = Path(folder).resolve()


def open_student(uri: str, task: Task) -> Student:
    """Open the student model `student:FOLDER` for a task.

    Raises:
        UserError: there is no student in the folder, it is damaged, it was written with another format
            version, scikit-learn version or sentence encoder, or it has columns or labels that the task does
            not have.
    """
    served, folder = load_from_folder(uri, SCHEME, "student", _load)
    if served.card.inputs != list(task.inputs):
        raise UserError(
            f"{uri} reads {served.card.inputs}, task {task.name} has {list(task.inputs)}; train again"
        )
    if served.card.encoder and open_encoder(served.card.encoder).digest != served.card.encoder_digest:
        raise UserError(
            f"{uri} was trained with another version of the sentence encoder {served.card.encoder} than is installed: its "
            "answers would differ. Install that version, or train again"
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
"""Pattern of the Python types that a student model's file may contain; a file with any other type is not opened."""


def _load(folder: Path) -> ServedStudent:
    """Load a student model from a folder, after checking the types in its file.

    Raises:
        ValueError: the file names a type that no student model contains, or `ServedStudent.load` fails.
        FileNotFoundError: a file is missing.
    """
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
