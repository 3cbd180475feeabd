"""Lifecycle of MLflow runs: opening, logging, resuming and closing them with their true final status."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from veritrain_lib import __version__
from veritrain_lib.core import digest, liveness
from veritrain_lib.redaction import redact
from veritrain_lib.tracking import disk_reserve, store
from veritrain_lib.tracking.artifacts import (
    artifact_names,
    fetch,
    log_file,
    log_folder,
    log_table,
    log_tables,
    write_manifest,
)
from veritrain_lib.tracking.entities import Run
from veritrain_lib.tracking.lookup import all_finished, children, finished, get, missing, search

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task

FinalStatus = Literal["FINISHED", "FAILED", "KILLED"]

OWNER_TAG = "veritrain.owner"

JOB_TAG = "veritrain.job"
"""Tag with the id of the detached process that was started for a run; set before that process resumes the run."""

STOP_TAG = "veritrain.stop"
"""Tag with the time at which somebody asked to stop the run."""

REASON_TAG = "veritrain.reason"
"""Tag with one line on why a run did not finish."""

NOTE_TAG = "mlflow.note.content"
"""Tag that the MLflow UI shows as a run's note."""


def owner() -> str:
    """Return the name of this process (see `liveness`), which owns the runs that it opens."""
    return liveness.current_process_name()


def owner_of(process: int) -> str:
    """Return the name of another process of this machine, as `owner` does for this one.

    Raises:
        ProcessLookupError: There is no such process.
    """
    return liveness.process_name(process)


def is_alive(owner_name: str) -> bool | None:
    """Return whether an owner (as `owner` names it) is still alive; None when that is unknown here."""
    return liveness.is_alive(owner_name)


def open_run(
    task: Task, name: str, *, kind: str, parent: str | None = None, tags: Mapping[str, str] | None = None
) -> str:
    """Open a run in the task's experiment, owned by this process, and return its id."""
    all_tags = {
        "veritrain.kind": kind,
        "veritrain.task": task.name,
        "veritrain.code": digest.of_code()[:12],
        "veritrain.version": __version__,
        OWNER_TAG: owner(),
        "mlflow.runName": name,
        "mlflow.source.name": "veritrain",
        "mlflow.user": os.environ.get("USER", "unknown"),
        **(tags or {}),
    }
    all_tags = {key: redact(value) for key, value in all_tags.items()}
    if parent:
        all_tags["mlflow.parentRunId"] = parent
    run = store.client().create_run(store.experiment(task).experiment_id, tags=all_tags, run_name=name)
    return str(run.info.run_id)


def schedule(
    task: Task, name: str, *, kind: str, tags: Mapping[str, str], parameters: Mapping[str, Any]
) -> str:
    """Open a run that nobody works on yet (SCHEDULED), with its parameters, and return its id."""
    run_id = open_run(task, name, kind=kind, tags=tags)
    log(run_id, parameters=parameters)
    store.client().update_run(run_id, status="SCHEDULED")
    return run_id


def delete(run_id: str) -> None:
    """Delete a run in MLflow, where it can be restored until it is removed for good."""
    store.client().delete_run(run_id)


def resume(run_id: str) -> None:
    """Resume a run that was closed or abandoned: its status is RUNNING and this process owns it."""
    client = store.client()
    client.set_tag(run_id, OWNER_TAG, owner())
    client.update_run(run_id, status="RUNNING")
    _remove_reason(run_id)


def end_run(run_id: str, status: FinalStatus, reason: str = "") -> None:
    """Close a run, on a full disk too. `reason` is one line for people on why it did not finish."""
    try:
        _close(run_id, status, reason)
    except Exception as error:
        if not disk_reserve.release_if_full(error):
            raise
        _close(run_id, status, reason)


def _close(run_id: str, status: FinalStatus, reason: str) -> None:
    client = store.client()
    if reason:
        client.set_tag(run_id, REASON_TAG, redact(reason)[:4000])
    elif status == "FINISHED":
        _remove_reason(run_id)
    client.set_terminated(run_id, status)


def supersede(run: Run, missing_file: str, replacement: str) -> None:
    """Mark a run whose stored file is missing as FAILED, and name the run that replaced it."""
    client = store.client()
    client.set_tag(
        run.info.run_id, REASON_TAG, f"{missing_file} is missing; run {replacement} made it again"[:4000]
    )
    client.update_run(run.info.run_id, status="FAILED")


def _remove_reason(run_id: str) -> None:
    """Remove the reason of an earlier attempt, which no longer applies."""
    if get(run_id).data.tags.get(REASON_TAG):
        store.client().delete_tag(run_id, REASON_TAG)


def close_abandoned(task: Task) -> list[str]:
    """Close every RUNNING run whose owning process has died, and return their ids.

    Runs of another machine are left unchanged: whether their owner is alive is unknown here.
    """
    return [
        run.info.run_id for run in search(task, "attributes.status = 'RUNNING'") if close_if_abandoned(run)
    ]


def close_if_abandoned(run: Run) -> bool:
    """Close an open run, or one whose job was started, when its owner has died; return whether it was closed.

    The end event is emitted for readers of its event log.
    """
    tags = run.data.tags
    is_open = run.info.status == "RUNNING" or (run.info.status == "SCHEDULED" and JOB_TAG in tags)
    owner_name = tags.get(OWNER_TAG)
    if not is_open or not owner_name or is_alive(owner_name) is not False:
        return False
    reason = "the process that owned this run died; closed at the next start"
    end_run(run.info.run_id, "KILLED", "stopped" if STOP_TAG in tags else reason)
    if tags.get("veritrain.kind") not in ("stage", "loop"):
        from veritrain_lib.tracking import run_events

        run_events.emit_end(run.info.run_id, "KILLED", "stopped" if STOP_TAG in tags else reason)
    return True


def tag(run_id: str, tags: Mapping[str, str]) -> None:
    """Set tags of a run."""
    log(run_id, tags=tags)


def untag(run_id: str, name: str) -> None:
    """Remove a tag of a run if it exists."""
    if name in get(run_id).data.tags:
        store.client().delete_tag(run_id, name)


def note(run_id: str, text: str) -> None:
    """Set the run's note, shown as Markdown on its page in the MLflow UI."""
    tag(run_id, {NOTE_TAG: text})


def log(
    run_id: str,
    *,
    parameters: Mapping[str, Any] | None = None,
    metrics: Mapping[str, float] | None = None,
    tags: Mapping[str, str] | None = None,
    step: int = 0,
    model_id: str | None = None,
    dataset: tuple[str, str] | None = None,
) -> None:
    """Log parameters, metrics and tags in one call.

    Args:
        run_id: The run.
        parameters: Parameters; values are redacted and cut to 6,000 characters.
        metrics: Metrics.
        tags: Tags; values are redacted and cut to 8,000 characters.
        step: Step of the metrics.
        model_id: MLflow's id of the measured model.
        dataset: Name and digest of the dataset that was measured on.
    """
    import time

    from mlflow.entities import Metric, Param, RunTag

    now = int(time.time() * 1000)
    name, content = dataset or (None, None)
    points = [
        Metric(key, float(value), now, step, model_id=model_id, dataset_name=name, dataset_digest=content)
        for key, value in (metrics or {}).items()
    ]
    params = [Param(key, redact(str(value))[:6000]) for key, value in (parameters or {}).items()]
    run_tags = [RunTag(key, redact(str(value))[:8000]) for key, value in (tags or {}).items()]
    store.client().log_batch(run_id, metrics=points, params=params, tags=run_tags)


__all__ = [
    "JOB_TAG",
    "NOTE_TAG",
    "OWNER_TAG",
    "STOP_TAG",
    "FinalStatus",
    "Run",
    "all_finished",
    "artifact_names",
    "children",
    "close_abandoned",
    "close_if_abandoned",
    "delete",
    "end_run",
    "fetch",
    "finished",
    "get",
    "is_alive",
    "log",
    "log_file",
    "log_folder",
    "log_table",
    "log_tables",
    "missing",
    "note",
    "open_run",
    "owner",
    "owner_of",
    "resume",
    "schedule",
    "search",
    "supersede",
    "tag",
    "untag",
    "write_manifest",
]
