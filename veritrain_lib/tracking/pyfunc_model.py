"""MLflow models of the registry, wrapped in the model interface."""

from __future__ import annotations

import json
from copy import copy
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.core.records import Candidate, Response
from veritrain_lib.models.blank_rows import NO_INPUT, answerable

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.models.base import Model


def with_registry_uri(uri: str, model: Model) -> Model:
    """Return the model under its registry address instead of that of the folder it was fetched to.

    All its other abilities (scores for labels, confidence) stay, also for `isinstance`.
    """
    kind = type(model)
    renamed: Any = copy(model)
    renamed.__class__ = type(kind.__name__, (kind,), {"uri": uri})
    registered: Model = renamed
    return registered


class PyfuncModel:
    """Any MLflow model that answers in the form of the output contract."""

    def __init__(self, uri: str, model: Any, task: Task) -> None:
        self.uri = uri
        self._model = model
        self._task = task

    def answer(self, rows: pd.DataFrame) -> list[Response]:
        """Return one response per row, in order.

        Raises:
            UserError: The model gives another number of answers.
        """
        import pandas as pd

        has_input = answerable(rows, list(self._task.inputs))
        if not any(has_input):
            return [Response((), raw="", error=NO_INPUT) for _ in has_input]
        inputs = rows.loc[has_input, list(self._task.inputs)].reset_index(drop=True)
        predictions = self._model.predict(inputs)
        answers = (
            predictions.to_dict("records") if isinstance(predictions, pd.DataFrame) else list(predictions)
        )
        if len(answers) != len(inputs):
            raise UserError(
                f"{self.uri} gave {len(answers)} answers to {len(inputs)} rows; "
                "a model answers each row once, in order"
            )
        remaining = iter(answers)
        return [
            self._response(next(remaining)) if answered else Response((), raw="", error=NO_INPUT)
            for answered in has_input
        ]

    def _response(self, answer: Any) -> Response:
        if not isinstance(answer, dict):
            return Response((Candidate(str(answer)),), raw=str(answer))
        raw = json.dumps(answer, ensure_ascii=False, default=str)
        key = self._task.target.field if self._task.target.field in answer else "label"
        items = answer.get("candidates") or ([{key: answer[key]}] if key in answer else [])
        candidates = tuple(
            Candidate(str(item.get(key, item.get("label", ""))), item.get("score")) for item in items
        )
        return Response(
            candidates,
            raw=raw,
            explanation=answer.get("explanation"),
            error=None if candidates else "no answer",
        )
