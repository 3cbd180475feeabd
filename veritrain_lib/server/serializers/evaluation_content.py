"""What is stored with an evaluation beside its metrics: tables of the stage, or what was filed by the API.

A finished run's content does not change, so it is read once a process.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from veritrain_lib.server.serializers.errors import ErrorAnalysis, TopError, analysis, name_of, severity_of
from veritrain_lib.tracking import runs, store

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task

FILED = "evaluation"
"""The artifact folder of an evaluation that came by the API."""

SAMPLES = 50


@dataclass(frozen=True)
class Content:
    """`analysis` of its errors, `distribution` of what a judge marked, and `metrics` of one that was filed whole."""

    analysis: ErrorAnalysis = field(default_factory=ErrorAnalysis)
    distribution: dict[str, int] | None = None
    metrics: dict[str, Any] | None = None


class Sample(BaseModel):
    """A development row: what was asked, the right answer, the model's, its grade (0 to 1) and its mistakes."""

    source: str
    reference: str
    hypothesis: str
    scores: dict[str, float]
    errors: list[TopError] = Field(description="empty for a right answer")


def content_of(run: runs.Run) -> Content:
    """The stored content of an evaluation; empty where it can't be read."""
    filed = run.data.tags.get("veritrain.kind") == "evaluation"
    return _content(store.uri(), run.info.run_id, filed)


@lru_cache(maxsize=4096)
def _content(_: str, run_id: str, filed: bool) -> Content:
    if filed:
        with tempfile.TemporaryDirectory() as folder:
            try:
                file = runs.fetch(run_id, FILED, Path(folder)) / "evaluation.json"
                found = json.loads(file.read_text(encoding="utf-8"))
            except Exception:  # noqa: BLE001 (its files are gone: what is left is shown)
                return Content()
        return Content(ErrorAnalysis(**found["error_analysis"]), metrics=found["metrics"])
    tables = {
        name: rows for name in ("confusions", "mqm_details") if (rows := _table(run_id, name)) is not None
    }
    marked = tables.get("mqm_details")
    spread = (
        None
        if marked is None
        else {str(key): int(value) for key, value in marked.groupby("type")["errors"].sum().items()}
    )
    return Content(analysis(tables), spread)


def predictions_of(run_id: str) -> pd.DataFrame | None:
    """Development rows with the answers of both models; None for an evaluation that has none."""
    return _table(run_id, "predictions")


def samples(run_id: str, task: Task | None) -> list[Sample]:
    """Up to 50 development rows, those with the worst answers first. Sealed rows are in no table that is read here."""
    rows = predictions_of(run_id)
    if rows is None:
        return []
    own = {"id", "expected"} | {
        f"{role}{end}" for role in ("champion", "challenger") for end in ("", "_correct", "_grade")
    }
    inputs = [name for name in rows.columns if name not in own]
    rows = rows.sort_values("challenger_grade", kind="stable").head(SAMPLES)
    return [
        Sample(
            source=" ".join(str(one[name]) for name in inputs),
            reference=str(one["expected"]),
            hypothesis=str(one["challenger"]),
            scores={"grade": float(one["challenger_grade"]), "champion_grade": float(one["champion_grade"])},
            errors=_errors(task, one, inputs),
        )
        for one in rows.to_dict("records")
    ]


def _errors(task: Task | None, row: Any, inputs: list[str]) -> list[TopError]:
    from veritrain_lib.core.records import Candidate, Response
    from veritrain_lib.metrics.base import Reference
    from veritrain_lib.metrics.mistakes import NONE, mistakes_of

    wanted, given = str(row["expected"]), str(row["challenger"])
    if task is None or set(task.inputs) != set(inputs):
        pairs = [] if wanted == given else [(wanted, given or NONE)]
    else:
        reference = Reference(wanted)
        reference.row = {name: str(row[name]) for name in inputs}
        response = Response((Candidate(given),) if given else (), raw=given)
        pairs = mistakes_of(task, reference, response)
    return [TopError(type=name_of(*pair), count=1, severity=severity_of(*pair)) for pair in pairs]


def _table(run_id: str, name: str) -> pd.DataFrame | None:
    import pandas as pd

    with tempfile.TemporaryDirectory() as folder:
        try:
            return pd.read_parquet(runs.fetch(run_id, f"result/{name}.parquet", Path(folder)))
        except Exception:  # noqa: BLE001 (MLflow, the disk and Parquet each have errors of their own for a lost file)
            return None
