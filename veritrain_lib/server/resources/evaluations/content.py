"""Stored content of an evaluation besides its metrics: tables of the stage, or content that the API stored.

The content of a finished run does not change, so each process reads it once.
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
"""Artifact folder of an evaluation that the API stored."""

MAX_SAMPLES = 50


@dataclass(frozen=True)
class EvaluationContent:
    """Content of an evaluation.

    Attributes:
        analysis: Error analysis.
        distribution: Number of errors of each type that an LLM judge annotated; None without a judge.
        metrics: Metrics of an evaluation that the API stored; None for a run of the evaluate stage.
    """

    analysis: ErrorAnalysis = field(default_factory=ErrorAnalysis)
    distribution: dict[str, int] | None = None
    metrics: dict[str, Any] | None = None


def content_of(run: runs.Run) -> EvaluationContent:
    """Return the stored content of an evaluation; empty if it can't be read."""
    from_api = run.data.tags.get("veritrain.kind") == "evaluation"
    return _content(store.uri(), run.info.run_id, from_api)


@lru_cache(maxsize=4096)
def _content(_: str, run_id: str, from_api: bool) -> EvaluationContent:
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
    """Return the development rows with the answers of both models; None if the evaluation has none."""
    return _table(run_id, "predictions")


def sample_results(run_id: str, task: Task | None) -> list[SampleResult]:
    """Return up to 50 development rows, the worst answers first.

    Rows of the held-out test set are in none of the tables that are read here.
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
    import pandas as pd

    with tempfile.TemporaryDirectory() as folder:
        try:
            return pd.read_parquet(runs.fetch(run_id, f"result/{name}.parquet", Path(folder)))
        except Exception:  # noqa: BLE001 (MLflow, the disk and Parquet raise different errors for a missing file)
            return None
