"""Evaluations in which a model took part, as challenger or as champion."""

from __future__ import annotations

from typing import Any

from veritrain_lib.server.http.timestamps import utc_datetime
from veritrain_lib.server.resources.evaluations import metrics as evaluation_metrics
from veritrain_lib.server.resources.evaluations.record import (
    CHALLENGER,
    CHAMPION,
    PARENT,
    evaluations_query,
    metrics_of,
)
from veritrain_lib.server.resources.models.schemas import EvaluationSummary, ModelEvaluation, ModelEvaluations
from veritrain_lib.server.resources.models.versions import addresses_of
from veritrain_lib.tracking.entities import Run
from veritrain_lib.tracking.listing import read_runs, runs_page
from veritrain_lib.tracking.version_listing import VersionItem

MAX_EVALUATIONS = 100
"""Maximum number of evaluations that are returned for a model."""


def evaluations_of(item: VersionItem) -> ModelEvaluations:
    """Return the API response for the newest 100 evaluations of a model version, and the number of all."""
    evaluation_runs, total = _page(item, MAX_EVALUATIONS)
    parents = read_runs(sorted({run.data.tags.get(PARENT, "") for run in evaluation_runs} - {""}))
    addresses = addresses_of(item)
    items = []
    for run in evaluation_runs:
        parent = parents.get(run.data.tags.get(PARENT, ""))
        is_round = parent is not None and parent.data.tags.get("veritrain.kind") == "round"
        items.append(
            ModelEvaluation(
                id=run.info.run_id,
                experiment_id=parent.info.run_id if parent and is_round else "",
                experiment_name=parent.info.run_name if parent else run.info.run_name,
                dataset_name=item.version.tags.get("veritrain.dataset", ""),
                role="challenger" if run.data.tags.get(CHALLENGER) in addresses else "champion",
                evaluated_at=utc_datetime(run.info.end_time or run.info.start_time),
                **_own_metrics(run, addresses),
            )
        )
    return ModelEvaluations(items=items, total=total)


def summary_of(item: VersionItem) -> EvaluationSummary:
    """Return the number of evaluations of a model version, and its metrics in the newest one."""
    evaluation_runs, total = _page(item, 1)
    if not evaluation_runs:
        return EvaluationSummary(total=total, latest_id=None, latest_at=None, metrics={})
    run = evaluation_runs[0]
    return EvaluationSummary(
        total=total,
        latest_id=run.info.run_id,
        latest_at=utc_datetime(run.info.end_time or run.info.start_time),
        metrics=_own_metrics(run, addresses_of(item)),
    )


def _page(item: VersionItem, limit: int) -> tuple[list[Run], int]:
    """Return the newest evaluations of a model version (MLflow runs), and the number of all."""
    addresses = addresses_of(item)
    return runs_page(
        evaluations_query(also_matching=[{CHALLENGER: addresses, CHAMPION: addresses}]), limit=limit
    )


def _own_metrics(run: Run, addresses: list[str]) -> dict[str, Any]:
    """Return a model's metrics in an evaluation, except those whose names are fields of `ModelEvaluation`.

    Args:
        run: MLflow run of the evaluation.
        addresses: All addresses of the model.
    """
    champion = run.data.tags.get(CHALLENGER) not in addresses
    values = evaluation_metrics.flatten_metrics(metrics_of(run, champion=champion))
    return {name: value for name, value in values.items() if name not in ModelEvaluation.model_fields}
