"""An experiment with what it was given, how far it is, and what came out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.event_log import LoggedEvent
from veritrain_lib.loop import experiment_run
from veritrain_lib.server.api.casing import Answer
from veritrain_lib.server.serializers.experiment import ExperimentItem, experiment
from veritrain_lib.server.serializers.tasks import known_task
from veritrain_lib.tracking import runs
from veritrain_lib.tracking.datasets import PREFIX

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task

SHOWN = 20
"""Rows of predictions that are shown."""

LAST = 100
"""Log entries that are shown with the experiment; its own route has them all."""

RECIPE = ("lora_config", "batch_size", "learning_rate", "epochs", "warmup_steps", "optimizer")


class LogEntry(Answer):
    """A line for people."""

    timestamp: str
    level: str
    message: str


class Progress(Answer):
    """How far it is: of a training its steps and epochs, of another stage its cells. `eta` in seconds,
    `gpu_utilization` in percent; null where nothing says it."""

    current_epoch: float
    total_epochs: float | None
    current_step: int
    total_steps: int | None
    loss: float | None
    gpu_utilization: float | None
    eta: float | None
    last_update: str | None
    stage: str | None


class ExperimentDetail(ExperimentItem):
    """Everything about an experiment."""

    config: dict[str, Any]
    progress: Progress
    logs: list[LogEntry]
    metrics: dict[str, float]
    predictions: list[dict[str, Any]]
    evaluation: dict[str, Any] | None


def detail(run: runs.Run, events: Sequence[LoggedEvent]) -> ExperimentDetail:
    """The experiment of a round's run and its events."""
    task = known_task(run.data.tags.get("veritrain.task", ""))
    item = experiment(run, task)
    return ExperimentDetail(
        **item.model_dump(),
        config=_config(run, item, task),
        progress=progress(events),
        logs=[log_entry(event) for event in events[-LAST:]],
        metrics={name: value for name, value in run.data.metrics.items() if math.isfinite(value)},
        predictions=_predictions(run),
        evaluation=_evaluation(run),
    )


def log_entry(event: LoggedEvent) -> LogEntry:
    """An event as a line of the log."""
    return LogEntry(timestamp=event.time, level=event.level, message=event.message)


def progress(events: Sequence[LoggedEvent]) -> Progress:
    """How far the run is, by its newest events."""
    moved = [event for event in events if event.kind == "progress"]
    steps = [event for event in moved if "step" in event.data]
    last = (steps or moved)[-1].data if moved else {}
    whole: dict[str, Any] = {}
    for event in steps:
        whole |= {key: value for key, value in event.data.items() if value is not None}
    step, total = (whole.get("step"), whole.get("steps")) if steps else (last.get("cell"), last.get("cells"))
    return Progress(
        current_epoch=float(whole.get("epoch", 0)),
        total_epochs=whole.get("epochs"),
        current_step=int(step or 0),
        total_steps=None if total is None else int(total),
        loss=whole.get("loss"),
        gpu_utilization=whole.get("gpu"),
        eta=whole.get("eta"),
        last_update=events[-1].time if events else None,
        stage=moved[-1].data.get("stage") if moved else None,
    )


def _config(run: runs.Run, item: ExperimentItem, known: Task | None) -> dict[str, Any]:
    request = experiment_run.request_of(run)
    given = dict(request.config) if request else {}
    uses = {**(known.trainer.parameters if known else {}), **(request.trainer if request else {})}
    recipe = {name: uses.get(name) for name in RECIPE}
    recipe |= {key: value for key, value in (given.get("training_recipe") or {}).items() if value is not None}
    seed = request.seed if request else run.data.params.get("seed", "")
    environment = {
        "veritrain": run.data.tags.get("veritrain.version"),
        "code": run.data.tags.get("veritrain.code"),
    }
    return {
        **given,
        "dataset_version": _dataset_version(item),
        "prompt_contract_id": given.get("prompt_contract_id"),
        "training_recipe": recipe,
        "seed": int(seed) if str(seed).isdecimal() else 0,
        "environment": given.get("environment") or environment,
    }


def _dataset_version(item: ExperimentItem) -> str | None:
    if item.dataset_id is None:
        return None
    try:
        return runs.get(item.dataset_id).data.tags.get(f"{PREFIX}version")
    except Exception:  # noqa: BLE001 (MLflow's own kind of error for a run that was removed)
        return None


def _predictions(run: runs.Run) -> list[dict[str, Any]]:
    """Development rows as the trained model answers them: the first ones."""
    from veritrain_lib.stage_io.stage import load_result

    trained = run.data.tags.get("veritrain.run.train")
    if not trained:
        return []
    rows = load_result("train", trained).tables["predictions"].head(SHOWN).astype(object)
    plain: list[dict[str, Any]] = rows.where(rows.notna(), None).to_dict("records")
    return plain


def _evaluation(run: runs.Run) -> dict[str, Any] | None:
    """The evaluation's id, verdict and numbers."""
    judged = run.data.tags.get("veritrain.run.evaluate")
    if not judged:
        return None
    found = runs.get(judged)
    return {
        "id": judged,
        "verdict": found.data.tags.get("veritrain.verdict", ""),
        "promoted": found.data.tags.get("veritrain.promote") == "true",
        "headline": found.data.tags.get(runs.NOTE, ""),
        "metrics": {name: value for name, value in found.data.metrics.items() if math.isfinite(value)},
    }
