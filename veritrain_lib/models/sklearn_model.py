"""Any fitted scikit-learn estimator as a model: it answers with candidates, scores and an explanation.

The estimator comes from a user's own trainer (`trainers/own_trainer.py`) or was logged by MLflow's client.
Open this to see which values of a row an estimator gets, and how its scores become candidates.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.core.records import Candidate, Response
from veritrain_lib.models.blank_rows import NO_INPUT, answerable
from veritrain_lib.models.served import MissingColumns, joined

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.core.task import Task

CANDIDATES = 3
"""Number of candidates for each row, the same as the default of the built-in student model."""


class SklearnModel:
    """Fitted scikit-learn estimator that answers rows with one candidate each and no scores (protocol `Model`).

    Args:
        uri: URI of the model.
        estimator: a fitted scikit-learn estimator with `predict`.
        task: the task that it answers.
    """

    def __init__(self, uri: str, estimator: Any, task: Task) -> None:
        self.uri = uri
        self._estimator = estimator
        self._task = task
        self._name = estimator_name(estimator)

    def answer(self, rows: pd.DataFrame) -> list[Response]:
        """Return the estimator's response to each row, in order.

        Returns:
            Responses whose `raw` is the JSON text that is checked against the output contract, and whose
            `seconds` is the mean over the rows, which are answered together. A row without any text has
            `error`.

        Raises:
            UserError: the estimator can't read the rows of this task.
        """
        start = time.perf_counter()
        try:
            has_input = answerable(rows, list(self._task.inputs))
        except KeyError as error:
            raise UserError(f"the rows lack an input column of task {self._task.name}: {error}") from error
        asked = rows.loc[has_input].reset_index(drop=True)
        answers = iter(self._candidates(asked) if len(asked) else [])
        candidates = [next(answers) if given else () for given in has_input]
        seconds = (time.perf_counter() - start) / max(len(rows), 1)
        return [self._response(entries, seconds) for entries in candidates]

    def _candidates(self, rows: pd.DataFrame) -> list[tuple[Candidate, ...]]:
        return [(Candidate(label),) for label in self._predicted(self._features(rows))]

    def _features(self, rows: pd.DataFrame) -> Any:
        """Return the estimator's input for rows: the columns it was fitted on, or one text per row.

        One text per row, with the input fields joined, is given to an estimator that was fitted on texts.

        Raises:
            UserError: the rows do not have what the estimator was fitted on.
        """
        inputs = list(self._task.inputs)
        columns = fitted_columns(self._estimator)
        if not columns and len(inputs) > 1:
            raise UserError(f"{self.uri} was fitted on one text; task {self._task.name} has {inputs}")
        try:
            return frame_of(rows, columns) if columns else joined(rows, inputs)
        except (MissingColumns, KeyError) as error:
            raise UserError(
                f"{self.uri} can't answer rows of task {self._task.name}: {type(error).__name__}: {error}"
            ) from error

    def _predicted(self, features: Any) -> list[str]:
        labels = self._call("predict", features)
        if len(labels) != len(features):
            raise UserError(
                f"{self.uri} gave {len(labels)} answers to {len(features)} rows; a model answers each row once, in order"
            )
        return [str(label) for label in labels]

    def _call(self, method: str, features: Any) -> Any:
        try:
            return getattr(self._estimator, method)(features)
        except Exception as error:
            raise UserError(
                f"{self.uri} can't answer rows of task {self._task.name}: {type(error).__name__}: {error}"
            ) from error

    def _response(self, candidates: tuple[Candidate, ...], seconds: float) -> Response:
        if not candidates:
            return Response((), raw="", seconds=seconds, error=NO_INPUT)
        scores = ", ".join(
            candidate.text if candidate.score is None else f"{candidate.text} ({candidate.score:.2f})"
            for candidate in candidates
        )
        explanation = f"{self._name}: {scores}"
        content = {
            "label": candidates[0].text,
            "candidates": [
                {"label": candidate.text} | ({} if candidate.score is None else {"score": candidate.score})
                for candidate in candidates
            ],
            "explanation": explanation,
        }
        raw = json.dumps(content, ensure_ascii=False)
        return Response(candidates, raw=raw, explanation=explanation, seconds=seconds)


class ScoringSklearnModel(SklearnModel):
    """Fitted classifier with `predict_proba` or `decision_function` that scores labels (protocols `Model`, `Scorer`).

    Attributes:
        labels: the labels it was trained on, in the order of the columns of `scores`.
    """

    def __init__(self, uri: str, estimator: Any, task: Task) -> None:
        super().__init__(uri, estimator, task)
        self.labels: list[str] = [str(label) for label in estimator.classes_]

    def scores(self, rows: pd.DataFrame) -> np.ndarray:
        """Return the estimator's score of every label for every row.

        Returns:
            Array of shape (rows, labels); each row sums to 1. The scores are the probabilities of
            `predict_proba`, or else the softmax of `decision_function`, which is not a calibrated
            probability.

        Raises:
            UserError: the estimator can't read the rows of this task.
        """
        import numpy as np

        return self._scores(self._features(rows)) if len(rows) else np.empty((0, len(self.labels)))

    def _candidates(self, rows: pd.DataFrame) -> list[tuple[Candidate, ...]]:
        import numpy as np

        features = self._features(rows)
        predicted = self._predicted(features)
        order = np.argsort(-(scores := self._scores(features)), axis=1, kind="stable")
        answers = []
        for best, row, ranked in zip(predicted, scores, order.tolist(), strict=True):
            # What `predict` says comes first: a classifier may decide otherwise than by the highest score.
            first = self.labels.index(best)
            columns = [first, *(column for column in ranked if column != first)][:CANDIDATES]
            answers.append(
                tuple(Candidate(self.labels[column], round(float(row[column]), 6)) for column in columns)
            )
        return answers

    def _scores(self, features: Any) -> np.ndarray:
        import numpy as np
        from scipy.special import softmax

        if hasattr(self._estimator, "predict_proba"):
            probabilities: np.ndarray = np.asarray(self._call("predict_proba", features))
            return probabilities
        values = np.asarray(self._call("decision_function", features), dtype=np.float64)
        if values.ndim == 1:  # two labels: the value is that of the second
            values = np.column_stack([np.zeros_like(values), values])
        shares: np.ndarray = softmax(values, axis=1)
        return shares


def sklearn_model(uri: str, estimator: Any, task: Task) -> SklearnModel:
    """Wrap a fitted scikit-learn estimator as a model, with scores if the estimator can score every label.

    Args:
        uri: URI of the model.
        estimator: the fitted estimator.
        task: the task that it answers.
    """
    labels = getattr(estimator, "classes_", None)
    gives_scores = hasattr(estimator, "predict_proba") or (
        hasattr(estimator, "decision_function")
        and getattr(final_estimator(estimator), "decision_function_shape", "ovr") == "ovr"
    )
    kind = ScoringSklearnModel if labels is not None and gives_scores else SklearnModel
    return kind(uri, estimator, task)


def fitted_columns(estimator: Any) -> list[str]:
    """Return the names of the columns that a scikit-learn estimator was fitted on; empty if it was fitted on texts."""
    return [str(name) for name in getattr(estimator, "feature_names_in_", [])]


def frame_of(rows: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Return a copy of some columns of the rows, in which missing texts are empty texts; numbers are not changed."""
    from pandas.api.types import is_numeric_dtype

    frame = rows[columns].copy()
    for name in columns:
        if not is_numeric_dtype(frame[name]):
            frame[name] = frame[name].astype(object).where(frame[name].notna(), "").astype(str)
    return frame


def final_estimator(estimator: Any) -> Any:
    """Return the last step of a scikit-learn pipeline, or the estimator itself."""
    return estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator


def estimator_name(estimator: Any) -> str:
    """Return the class names of a scikit-learn estimator's pipeline steps, joined by " + ", for people."""
    steps = [step for _, step in estimator.steps] if hasattr(estimator, "steps") else [estimator]
    return " + ".join(step if isinstance(step, str) else type(step).__name__ for step in steps)
