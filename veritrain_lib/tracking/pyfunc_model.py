"""MLflow and scikit-learn models of the registry, wrapped in the model interface."""

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


class SkopsModel(PyfuncModel):
    """A scikit-learn model of plain classes, as MLflow's client logs it.

    It gets the columns that it was fitted on.

    A model that was fitted on texts gets the task's one input as texts. If it gives probabilities, every label is a
    candidate with its score, best first.
    """

    def answer(self, rows: pd.DataFrame) -> list[Response]:
        """Return one response per row, in order.

        Raises:
            UserError: The model can't read the rows of this task.
        """
        import numpy as np

        model, inputs = self._model, list(self._task.inputs)
        columns = [str(name) for name in getattr(model, "feature_names_in_", [])]
        if not columns and len(inputs) > 1:
            raise UserError(f"{self.uri} was fitted on one text; task {self._task.name} has {inputs}")
        try:
            features = rows[columns] if columns else rows[inputs[0]].astype(str).tolist()
            if not hasattr(model, "predict_proba"):
                return [self._response({"label": str(label)}) for label in model.predict(features)]
            scores = np.asarray(model.predict_proba(features))
        except Exception as error:
            raise UserError(
                f"{self.uri} can't answer rows of task {self._task.name}: {type(error).__name__}: {error}"
            ) from error
        labels = [str(label) for label in model.classes_]
        return [
            self._response(
                {
                    "candidates": [
                        {"label": labels[index], "score": round(float(row[index]), 6)} for index in order
                    ]
                }
            )
            for row, order in zip(scores, np.argsort(-scores, axis=1, kind="stable"), strict=True)
        ]
