"""Models opened from the registry, as things that answer."""

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

        asks = answerable(rows, list(self._task.inputs))
        if not any(asks):
            return [Response((), raw="", error=NO_INPUT) for _ in asks]
        asked = rows.loc[asks, list(self._task.inputs)].reset_index(drop=True)
        given = self._model.predict(asked)
        answers = given.to_dict("records") if isinstance(given, pd.DataFrame) else list(given)
        if len(answers) != len(asked):
            raise UserError(
                f"{self.uri} gave {len(answers)} answers to {len(asked)} rows; "
                "a model answers each row once, in order"
            )
        found = iter(answers)
        return [self._response(next(found)) if one else Response((), raw="", error=NO_INPUT) for one in asks]

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


class SkopsModel(PyfuncModel):
    """A scikit-learn model of plain classes, as MLflow's client logs it; the columns it was fitted on are asked for.

    One that was fitted on texts gets the task's one input as texts. Where it gives probabilities, every label is a
    candidate with its score, the best first.
    """

    def answer(self, rows: pd.DataFrame) -> list[Response]:
        """One response a row, in order. Raises UserError when it can't read the rows of this task."""
        import numpy as np

        model, inputs = self._model, list(self._task.inputs)
        columns = [str(name) for name in getattr(model, "feature_names_in_", [])]
        if not columns and len(inputs) > 1:
            raise UserError(f"{self.uri} was fitted on one text; task {self._task.name} has {inputs}")
        try:
            given = rows[columns] if columns else rows[inputs[0]].astype(str).tolist()
            if not hasattr(model, "predict_proba"):
                return [self._response({"label": str(label)}) for label in model.predict(given)]
            scores = np.asarray(model.predict_proba(given))
        except Exception as error:
            raise UserError(
                f"{self.uri} can't answer rows of task {self._task.name}: {type(error).__name__}: {error}"
            ) from error
        labels = [str(label) for label in model.classes_]
        return [
            self._response(
                {"candidates": [{"label": labels[at], "score": round(float(row[at]), 6)} for at in order]}
            )
            for row, order in zip(scores, np.argsort(-scores, axis=1, kind="stable"), strict=True)
        ]
