"""Adapters that let any model registered in MLflow answer rows as a Veri-Train model."""

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
    """Return a copy of a model whose `uri` is its registry address, not that of the folder it was read from.

    The copy's class is derived from the model's own, so its other abilities (scores of labels, confidence) stay.
    """
    kind = type(model)
    renamed: Any = copy(model)
    renamed.__class__ = type(kind.__name__, (kind,), {"uri": uri})
    registered: Model = renamed
    return registered


class PyfuncModel:
    """MLflow model of the pyfunc flavor that answers rows in the form of the task's output contract (a JSON Schema)."""

    def __init__(self, uri: str, model: Any, task: Task) -> None:
        self.uri = uri
        self._model = model
        self._task = task

    def answer(self, rows: pd.DataFrame) -> list[Response]:
        """Return the MLflow model's response to each row, in order.

        Rows without input are not shown to the model and get a response with an error.

        Raises:
            UserError: The number of the model's answers differs from the number of rows.
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
