"""Conversion of rounds (each one pass through the pipeline stages, whoever started it) to experiments of the API."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from veritrain_lib.loop import experiment_run
from veritrain_lib.server.http.ids import model_id
from veritrain_lib.server.http.timestamps import utc_isoformat
from veritrain_lib.server.resources.experiments.directions import fixed_direction
from veritrain_lib.server.resources.experiments.schemas import ExperimentItem
from veritrain_lib.server.tasks import find_task
from veritrain_lib.tracking import runs
from veritrain_lib.tracking.run_events import API_STATUS

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task

RUN_STATUSES: dict[str, tuple[str, ...]] = {
    status: tuple(name for name, api_status in API_STATUS.items() if api_status == status)
    for status in dict.fromkeys(API_STATUS.values())
}
"""Statuses of MLflow runs for each status of the API's experiments."""


def serialize_experiments(page_runs: Sequence[runs.Run]) -> list[ExperimentItem]:
    """Return the API responses for experiments, in the order of the given MLflow runs.

    An experiment is a round of the improvement loop: one pass through the pipeline stages.
    """
    names = {run.data.tags.get("veritrain.task", "") for run in page_runs}
    tasks = {name: find_task(name) for name in names}
    return [serialize_experiment(run, tasks[run.data.tags.get("veritrain.task", "")]) for run in page_runs]


def serialize_experiment(run: runs.Run, task: Task | None) -> ExperimentItem:
    """Return the API response for an experiment, which is a round of the improvement loop.

    Args:
        run: MLflow run of the round.
        task: Task of the round; None if its file can't be read.
    """
    tags, info = run.data.tags, run.info
    request = experiment_run.request_of(run)
    name = tags.get("veritrain.task", "")
    score = run.data.metrics.get(task.primary.name) if task else None
    # A resumed run keeps its earlier end time until it ends again.
    ended = info.end_time if API_STATUS[info.status] in ("completed", "failed") else None
    started = int(tags[experiment_run.STARTED]) if experiment_run.STARTED in tags else None
    if request is None:
        started = info.start_time
    return ExperimentItem(
        id=info.run_id,
        name=(info.run_name or info.run_id) if request else f"{name} {info.run_name}",
        task=name,
        direction=request.direction if request else fixed_direction(task) or name,
        dataset_id=request.dataset_id if request else _dataset(tags),
        base_model_id=(request.base_model_id or None)
        if request
        else _model(run.data.params.get("champion", "")),
        adapter_id=request.adapter_id if request else None,
        status=API_STATUS[info.status],  # type: ignore[arg-type]
        best_score=score if score is not None and math.isfinite(score) else None,
        celery_task_id=tags.get(runs.CELERY_TAG),
        created_at=utc_isoformat(info.start_time),
        updated_at=utc_isoformat(ended or started or info.start_time),
        started_at=utc_isoformat(started) if started else None,
        completed_at=utc_isoformat(ended) if ended else None,
        reason=tags.get("veritrain.reason") if info.status in ("FAILED", "KILLED") else None,
        unsupported_config=request.unsupported_config if request else [],
    )


def _dataset(tags: Any) -> str | None:
    """Return the API id of the dataset that an experiment trained on; None if it is not known.

    It is the id of the run that generated the rows or, if no rows were generated, of the run of the quality gate.
    """
    stages = [tags.get(f"veritrain.run.{stage}") for stage in ("generate", "gate")]
    return next((run_id for run_id in stages if run_id), None)


def _model(address: str) -> str | None:
    """Return the API id of a model URI `models:/NAME/VERSION`; any other address as it is; None for an empty one."""
    name, _, version = address.removeprefix("models:/").rpartition("/")
    return model_id(name, int(version)) if name and version.isdecimal() else (address or None)
