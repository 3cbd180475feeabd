"""Content of an evaluation besides its metrics: error analysis and rows, from the evaluate stage or sent by a client.

The content of a finished run never changes, so each process reads it once.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.server.resources.evaluations.error_analysis import (
    error_analysis,
    mistake_severity,
    mistake_type,
)
from veritrain_lib.server.resources.evaluations.schemas import ErrorAnalysis, SampleResult, TopError
from veritrain_lib.tracking import runs, store

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task

ARTIFACT_FOLDER = "evaluation"
"""Artifact folder in the MLflow run of an evaluation that a client sent."""

MAX_SAMPLES = 50
"""Maximum number of development rows that are returned with an evaluation."""


@dataclass(frozen=True)
class EvaluationContent:
    """Content of an evaluation that is not in the metrics of its MLflow run.

    Attributes:
        analysis: Most frequent mistakes of the model.
        distribution: Number of errors of each type that an LLM judge annotated; None if no judge did.
        metrics: Metrics that a client sent; None for an evaluation by the evaluate stage.
    """

    analysis: ErrorAnalysis = field(default_factory=ErrorAnalysis)
    distribution: dict[str, int] | None = None
    metrics: dict[str, Any] | None = None


def content_of(run: runs.Run) -> EvaluationContent:
    """Return the content of an evaluation's MLflow run besides its metrics; empty content if it can't be read."""
    from_api = run.data.tags.get("veritrain.kind") == "evaluation"
    return _content(store.uri(), run.info.run_id, from_api)


@lru_cache(maxsize=4096)
def _content(_: str, run_id: str, from_api: bool) -> EvaluationContent:
    """Return the content of an evaluation, from a cache.

    Args:
        _: Address of the tracking store, a part of the cache's key.
        run_id: Id of the evaluation's MLflow run.
        from_api: Whether a client sent the evaluation.
    """
    if from_api:
        with tempfile.TemporaryDirectory() as folder:
            try:
                file = runs.fetch(run_id, ARTIFACT_FOLDER, Path(folder)) / "evaluation.json"
                stored = json.loads(file.read_text(encoding="utf-8"))
            except Exception:  # noqa: BLE001 (its files are missing: the rest is shown)
                return EvaluationContent()
        return EvaluationContent(ErrorAnalysis(**stored["error_analysis"]), metrics=stored["metrics"])
    tables = {
        name: rows for name in ("confusions", "mqm_details") if (rows := _table(run_id, name)) is not None
    }
    judge_errors = tables.get("mqm_details")
    distribution = (
        None
        if judge_errors is None
        else {str(key): int(value) for key, value in judge_errors.groupby("type")["errors"].sum().items()}
    )
    return EvaluationContent(error_analysis(tables), distribution)


def predictions_of(run_id: str) -> pd.DataFrame | None:
    """Return an evaluation's table of development rows with the answers of the new model and of the champion.

    Returns:
        None if the evaluation has no such table.
    """
    return _table(run_id, "predictions")


def sample_results(run_id: str, task: Task | None) -> list[SampleResult]:
    """Return up to 50 development rows of an evaluation with the new model's answers, the lowest grades first.

    No row of the held-out test set is among them: the tables read here contain none.

    Args:
        run_id: Id of the evaluation's MLflow run.
        task: Task of the rows, which defines the kinds of mistakes. None if its file can't be read; an answer is then only
            right or wrong as a whole.
    """
    rows = predictions_of(run_id)
    if rows is None:
        return []
    known_columns = {"id", "expected"} | {
        f"{role}{suffix}" for role in ("champion", "challenger") for suffix in ("", "_correct", "_grade")
    }
    inputs = [name for name in rows.columns if name not in known_columns]
    rows = rows.sort_values("challenger_grade", kind="stable").head(MAX_SAMPLES)
    return [
        SampleResult(
            source=" ".join(str(row[name]) for name in inputs),
            reference=str(row["expected"]),
            hypothesis=str(row["challenger"]),
            scores={"grade": float(row["challenger_grade"]), "champion_grade": float(row["champion_grade"])},
            errors=_errors(task, row, inputs),
        )
        for row in rows.to_dict("records")
    ]


def _errors(task: Task | None, row: Any, inputs: list[str]) -> list[TopError]:
    """Return the mistakes in the new model's answer to one row.

    Without a task (None), an answer is only right or wrong as a whole.
    """
    from veritrain_lib.core.records import Candidate, Response
    from veritrain_lib.metrics.base import Reference
    from veritrain_lib.metrics.mistakes import NO_ANSWER, mistakes_of

    expected, answer = str(row["expected"]), str(row["challenger"])
    if task is None or set(task.inputs) != set(inputs):
        pairs = [] if expected == answer else [(expected, answer or NO_ANSWER)]
    else:
        reference = Reference(expected)
        reference.row = {name: str(row[name]) for name in inputs}
        response = Response((Candidate(answer),) if answer else (), raw=answer)
        pairs = mistakes_of(task, reference, response)
    return [TopError(type=mistake_type(*pair), count=1, severity=mistake_severity(*pair)) for pair in pairs]


def _table(run_id: str, name: str) -> pd.DataFrame | None:
    """Return a stored table of an evaluation's MLflow run; None if it is missing or can't be read."""
    import pandas as pd

    with tempfile.TemporaryDirectory() as folder:
        try:
            return pd.read_parquet(runs.fetch(run_id, f"result/{name}.parquet", Path(folder)))
        except Exception:  # noqa: BLE001 (MLflow, the disk and Parquet raise different errors for a missing file)
            return None
