"""API response for one experiment with its configuration, progress, log and results."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from veritrain_lib.loop import experiment_run
from veritrain_lib.server.resources.experiments.schemas import (
    ExperimentDetail,
    ExperimentItem,
    ExperimentProgress,
    LogEntry,
)
from veritrain_lib.server.resources.experiments.serialize import serialize_experiment
from veritrain_lib.server.tasks import find_task
from veritrain_lib.tracking import runs
from veritrain_lib.tracking.datasets import PREFIX
from veritrain_lib.tracking.event_log import LoggedEvent

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task

MAX_PREDICTIONS = 20
"""Maximum number of development rows with the model's answers that are returned."""

MAX_LOG_ENTRIES = 100
"""Maximum number of log entries that are returned with an experiment; the route of its log returns all."""

RECIPE = ("lora_config", "batch_size", "learning_rate", "epochs", "warmup_steps", "optimizer")
"""Parameters of the training that are always returned in `config.training_recipe`; null if they are not set."""


def experiment_detail(run: runs.Run, events: Sequence[LoggedEvent]) -> ExperimentDetail:
    """Return the API response for an experiment with all details.

    Args:
        run: MLflow run of the experiment.
        events: All events of the run, oldest first.
    """
    task = find_task(run.data.tags.get("veritrain.task", ""))
    item = serialize_experiment(run, task)
    return ExperimentDetail(
        **item.model_dump(),
        config=_config(run, item, task),
        progress=experiment_progress(events),
        logs=[log_entry(event) for event in events[-MAX_LOG_ENTRIES:]],
        metrics={name: value for name, value in run.data.metrics.items() if math.isfinite(value)},
        predictions=_predictions(run),
        evaluation=_evaluation(run),
    )


def log_entry(event: LoggedEvent) -> LogEntry:
    """Return an event of a run as an entry of the experiment's log."""
    return LogEntry(timestamp=event.time, level=event.level, message=event.message)


def experiment_progress(events: Sequence[LoggedEvent]) -> ExperimentProgress:
    """Return the progress of an experiment from the events of its run.

    A training counts steps and epochs, any other stage the cells of its notebook.
    """
    progress_events = [event for event in events if event.kind == "progress"]
    step_events = [event for event in progress_events if "step" in event.data]
    latest = (step_events or progress_events)[-1].data if progress_events else {}
    merged: dict[str, Any] = {}
    for event in step_events:
        merged |= {key: value for key, value in event.data.items() if value is not None}
    step, total = (
        (merged.get("step"), merged.get("steps"))
        if step_events
        else (latest.get("cell"), latest.get("cells"))
    )
    return ExperimentProgress(
        current_epoch=float(merged.get("epoch", 0)),
        total_epochs=merged.get("epochs"),
        current_step=int(step or 0),
        total_steps=None if total is None else int(total),
        loss=merged.get("loss"),
        gpu_utilization=merged.get("gpu"),
        eta=merged.get("eta"),
        last_update=events[-1].time if events else None,
        stage=progress_events[-1].data.get("stage") if progress_events else None,
    )


def _config(run: runs.Run, item: ExperimentItem, task: Task | None) -> dict[str, Any]:
    """Return the experiment's configuration: what the client sent, completed by the values that were used."""
    request = experiment_run.request_of(run)
    requested = dict(request.config) if request else {}
    parameters = {**(task.trainer.parameters if task else {}), **(request.trainer if request else {})}
    recipe = {name: parameters.get(name) for name in RECIPE}
    recipe |= {
        key: value for key, value in (requested.get("training_recipe") or {}).items() if value is not None
    }
    seed = request.seed if request else run.data.params.get("seed", "")
    environment = {
        "veritrain": run.data.tags.get("veritrain.version"),
        "code": run.data.tags.get("veritrain.code"),
    }
    return {
        **requested,
        "dataset_version": _dataset_version(item),
        "prompt_contract_id": requested.get("prompt_contract_id"),
        "training_recipe": recipe,
        "seed": int(seed) if str(seed).isdecimal() else 0,
        "environment": requested.get("environment") or environment,
    }


def _dataset_version(item: ExperimentItem) -> str | None:
    """Return the version of the experiment's dataset; None if it has none or the dataset was deleted."""
    if item.dataset_id is None:
        return None
    try:
        return runs.get(item.dataset_id).data.tags.get(f"{PREFIX}version")
    except Exception:  # noqa: BLE001 (MLflow raises its own error for a removed run)
        return None


def _predictions(run: runs.Run) -> list[dict[str, Any]]:
    """Return the first development rows with the answers of the trained model; empty before the training."""
    from veritrain_lib.stages.record.stored_result import load_result

    train_run_id = run.data.tags.get("veritrain.run.train")
    if not train_run_id:
        return []
    rows = load_result("train", train_run_id).tables["predictions"].head(MAX_PREDICTIONS).astype(object)
    records: list[dict[str, Any]] = rows.where(rows.notna(), None).to_dict("records")
    return records


def _evaluation(run: runs.Run) -> dict[str, Any] | None:
    """Return the id, verdict, headline and metrics of the experiment's evaluation; None before the evaluation."""
    run_id = run.data.tags.get("veritrain.run.evaluate")
    if not run_id:
        return None
    evaluation_run = runs.get(run_id)
    return {
        "id": run_id,
        "verdict": evaluation_run.data.tags.get("veritrain.verdict", ""),
        "promoted": evaluation_run.data.tags.get("veritrain.promote") == "true",
        "headline": evaluation_run.data.tags.get(runs.NOTE_TAG, ""),
        "metrics": {
            name: value for name, value in evaluation_run.data.metrics.items() if math.isfinite(value)
        },
    }
