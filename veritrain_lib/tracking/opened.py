"""Models opened from the registry, as things that answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from veritrain_lib.errors import UserError
from veritrain_lib.records import Candidate, Response

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.models.student import Student
    from veritrain_lib.task import Task


class RegisteredStudent:
    """A student that goes by its address in the registry, not by the folder it was fetched to."""

    def __init__(self, uri: str, student: Student) -> None:
        self.uri = uri
        self.labels = student.labels
        self._student = student

    def answer(self, rows: pd.DataFrame) -> list[Response]:
        """As the student does."""
        return self._student.answer(rows)

    def scores(self, rows: pd.DataFrame) -> np.ndarray:
        """As the student does."""
        return self._student.scores(rows)


class PyfuncModel:
    """Any MLflow model that answers in the form of the output contract."""

    def __init__(self, uri: str, model: Any, task: Task) -> None:
        self.uri = uri
        self._model = model
        self._task = task

    def answer(self, rows: pd.DataFrame) -> list[Response]:
        """One response a row, in order. Raises UserError when the model gives another number of answers."""
        import pandas as pd

        given = self._model.predict(rows[list(self._task.inputs)].reset_index(drop=True))
        answers = given.to_dict("records") if isinstance(given, pd.DataFrame) else list(given)
        if len(answers) != len(rows):
            raise UserError(
                f"{self.uri} gave {len(answers)} answers to {len(rows)} rows; "
                "a model answers each row once, in order"
            )
        return [self._response(answer) for answer in answers]

    def _response(self, answer: Any) -> Response:
        if not isinstance(answer, dict):
            return Response((Candidate(str(answer)),), raw=str(answer))
        raw = json.dumps(answer, ensure_ascii=False, default=str)
        key = self._task.target.field if self._task.target.field in answer else "label"
        listed = answer.get("candidates") or ([{key: answer[key]}] if key in answer else [])
        candidates = tuple(
            Candidate(str(one.get(key, one.get("label", ""))), one.get("score")) for one in listed
        )
        return Response(
            candidates,
            raw=raw,
            explanation=answer.get("explanation"),
            error=None if candidates else "no answer",
        )
