"""The evaluations of a model, as challenger or as champion."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import ConfigDict, Field

from veritrain_lib.server.api.casing import TwofoldAnswer
from veritrain_lib.server.serializers import metrics as measured
from veritrain_lib.server.serializers.evaluation import (
    CHALLENGER,
    CHAMPION,
    PARENT,
    evaluations_query,
    metrics_of,
)
from veritrain_lib.server.serializers.ids import parse_model_id
from veritrain_lib.server.serializers.model import addresses_of
from veritrain_lib.server.serializers.probe import moment
from veritrain_lib.tracking.entities import Run
from veritrain_lib.tracking.listing import read_runs, runs_page
from veritrain_lib.tracking.version_listing import VersionItem, read_version

MOST = 100


class ModelEvaluation(TwofoldAnswer):
    """What an evaluation says of the model; beside these fields each of its metrics as a number."""

    model_config = ConfigDict(extra="allow")

    id: str
    experiment_id: str
    experiment_name: str
    dataset_name: str = Field(description="the rows that the model was trained on; empty when unknown")
    role: str = Field(description="challenger or champion")
    evaluated_at: datetime


class ModelEvaluations(TwofoldAnswer):
    """The newest evaluations of a model, and how many there are in all."""

    items: list[ModelEvaluation]
    total: int


class EvaluationSummary(TwofoldAnswer):
    """How often a model was evaluated, and what the newest evaluation said of it."""

    total: int
    latest_id: str | None
    latest_at: datetime | None
    metrics: dict[str, float]


def evaluations_of(one: VersionItem) -> ModelEvaluations:
    """The newest 100."""
    found, total = _page(one, MOST)
    parents = read_runs(sorted({run.data.tags.get(PARENT, "") for run in found} - {""}))
    addresses = addresses_of(one)
    items = []
    for run in found:
        parent = parents.get(run.data.tags.get(PARENT, ""))
        is_round = parent is not None and parent.data.tags.get("veritrain.kind") == "round"
        items.append(
            ModelEvaluation(
                id=run.info.run_id,
                experiment_id=parent.info.run_id if parent and is_round else "",
                experiment_name=parent.info.run_name if parent else run.info.run_name,
                dataset_name=one.version.tags.get("veritrain.dataset", ""),
                role="challenger" if run.data.tags.get(CHALLENGER) in addresses else "champion",
                evaluated_at=moment(run.info.end_time or run.info.start_time),
                **_numbers(run, addresses),
            )
        )
    return ModelEvaluations(items=items, total=total)


def summary_of(one: VersionItem) -> EvaluationSummary:
    """In one line."""
    found, total = _page(one, 1)
    if not found:
        return EvaluationSummary(total=total, latest_id=None, latest_at=None, metrics={})
    run = found[0]
    return EvaluationSummary(
        total=total,
        latest_id=run.info.run_id,
        latest_at=moment(run.info.end_time or run.info.start_time),
        metrics=_numbers(run, addresses_of(one)),
    )


def dataset_of(address: str) -> str:
    """The dataset that the model at an address was trained on, empty when that is unknown."""
    name, _, number = address.removeprefix("models:/").rpartition("/")
    if not (address.startswith("models:/") and name and number.isdecimal()):
        return ""
    one = read_version(*parse_model_id(f"{name}-{number}"))
    return one.version.tags.get("veritrain.dataset", "") if one else ""


def _page(one: VersionItem, limit: int) -> tuple[list[Run], int]:
    addresses = addresses_of(one)
    return runs_page(evaluations_query(also=[{CHALLENGER: addresses, CHAMPION: addresses}]), limit=limit)


def _numbers(run: Run, addresses: list[str]) -> dict[str, Any]:
    """The model's own metrics; names of fields are never a metric's."""
    champion = run.data.tags.get(CHALLENGER) not in addresses
    found = measured.numbers(metrics_of(run, champion=champion))
    return {name: value for name, value in found.items() if name not in ModelEvaluation.model_fields}
