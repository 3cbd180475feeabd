"""Models opened from the registry, as things that answer."""

from __future__ import annotations

import json
from copy import copy
from typing import TYPE_CHECKING, Any

from veritrain_lib.errors import UserError
from veritrain_lib.records import Candidate, Response

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.models.base import Model
    from veritrain_lib.task import Task


def as_registered(uri: str, model: Model) -> Model:
    """The model under its address in the registry, not that of the folder it was fetched to.

    All else it can do (score labels, say how sure it is) stays what it is, also for `isinstance`.
    """
    kind = type(model)
    named: Any = copy(model)
    named.__class__ = type(kind.__name__, (kind,), {"uri": uri})
    registered: Model = named
    return registered


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
