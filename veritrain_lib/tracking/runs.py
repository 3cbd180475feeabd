"""MLflow runs from start to end: opening, logging, resuming, and closing them with their true final status."""

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
from veritrain_lib.tracking.lookup import children, get, search
from veritrain_lib.tracking.missing_files import all_finished, finished, missing
from veritrain_lib.tracking.state import process_leases

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task

FinalStatus = Literal["FINISHED", "FAILED", "KILLED"]

OWNER_TAG = "veritrain.owner"
"""Tag of a run with the name of the process that owns it: the one that will end it."""

JOB_TAG = "veritrain.job"
"""Tag of a run with the id of the background process started for it, set before that process takes over the run."""

CELERY_TAG = "veritrain.celery_task"
"""Tag of a round's run with the id of the Celery task for the stage last given to workers; absent without one."""

STOP_TAG = "veritrain.stop"
"""Tag of a run with the time at which somebody asked to stop it."""

REASON_TAG = "veritrain.reason"
"""Tag of a run with the reason, in one line, why it did not finish."""

NOTE_TAG = "mlflow.note.content"
"""Tag of a run that the MLflow UI shows as the run's note."""


def owner() -> str:
    """Return the name of this process, under which it owns the MLflow runs that it opens.

    Where machines share the tracking store, they can see from now on whether this process is alive.
    """
    name = liveness.current_process_name()
    process_leases.hold(name)
    return name


def owner_of(process: int) -> str:
    """Return the name of another process of this machine as the owner of MLflow runs.

    Args:
        process: Process id.

    Raises:
        ProcessLookupError: There is no such process.
    """
    name = liveness.process_name(process)
    process_leases.announce(name)
    return name


def is_alive(owner_name: str) -> bool | None:
    """Return whether the process that owns a run is still alive; None when this machine can't tell.

    Where several machines share the tracking store, a process of another machine counts as alive while it renews its
    lease in the database.

    Args:
        owner_name: Name of the process, from the run's tag `veritrain.owner` (`OWNER_TAG`).
    """
    return process_leases.is_alive(owner_name)


def open_run(
    task: Task, name: str, *, kind: str, parent: str | None = None, tags: Mapping[str, str] | None = None
) -> str:
    """Open a run in the task's MLflow experiment, and return its id.

    Args:
        task: The task.
        name: Name of the run.
        kind: Kind of run, such as `stage` or `loop`, stored as a tag.
        parent: Id of the parent run, or None.
        tags: Further tags. Unless the tag `veritrain.owner` names another process, this process owns the run.
    """
    all_tags = {
        "veritrain.kind": kind,
        "veritrain.task": task.name,
        "veritrain.code": digest.of_code()[:12],
        "veritrain.version": __version__,
        OWNER_TAG: (tags or {}).get(OWNER_TAG) or owner(),
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
    """Create a run in MLflow that no process works on yet (status SCHEDULED), and return its id.

    Args:
        task: The task.
        name: Name of the run.
        kind: Kind of run, stored as a tag.
        tags: Further tags.
        parameters: Parameters to log.
    """
    run_id = open_run(task, name, kind=kind, tags=tags)
    log(run_id, parameters=parameters)
    store.client().update_run(run_id, status="SCHEDULED")
    return run_id


def delete(run_id: str) -> None:
    """Mark a run as deleted in MLflow; it can be restored until MLflow's garbage collection removes it."""
    store.client().delete_run(run_id)


def resume(run_id: str) -> None:
    """Set a run that was closed or abandoned to RUNNING again, with this process as its owner."""
    client = store.client()
    client.set_tag(run_id, OWNER_TAG, owner())
    client.update_run(run_id, status="RUNNING")
    _remove_reason(run_id)


def end_run(run_id: str, status: FinalStatus, reason: str = "") -> None:
    """Close a run in MLflow with its final status, even when the disk is full.

    Args:
        run_id: The run.
        status: The final status.
        reason: Reason why the run did not finish, in one line; empty if it did.
    """
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
    """Set a run that has lost a stored file to FAILED, with a reason that names the run which replaces it.

    Args:
        run: The run that lost the file.
        missing_file: Name of the file.
        replacement: Id of the run that made it again.
    """
    client = store.client()
    client.set_tag(
        run.info.run_id, REASON_TAG, f"{missing_file} is missing; run {replacement} made it again"[:4000]
    )
    client.update_run(run.info.run_id, status="FAILED")


def _remove_reason(run_id: str) -> None:
    """Remove the tag with the reason why an earlier attempt at this run did not finish."""
    if get(run_id).data.tags.get(REASON_TAG):
        store.client().delete_tag(run_id, REASON_TAG)


def close_abandoned(task: Task) -> list[str]:
    """Close every RUNNING run of a task whose owner process has died, and return the ids of these runs.

    A run whose owner is on another machine stays open if this machine can't tell whether the owner is alive.
    """
    return [
        run.info.run_id for run in search(task, "attributes.status = 'RUNNING'") if close_if_abandoned(run)
    ]


def close_if_abandoned(run: Run) -> bool:
    """Close a run in MLflow if its owner process has died, and return whether it was closed.

    The end event is appended to the run's events as well, except for runs of kind stage, loop and sweep.
    """
    owner_name = run.data.tags.get(OWNER_TAG)
    if not _is_open(run) or not owner_name or is_alive(owner_name) is not False:
        return False
    run = get(run.info.run_id)  # read after the owner's death: its last act may have been to end the run
    tags = run.data.tags
    if not _is_open(run) or tags.get(OWNER_TAG) != owner_name:
        return False
    reason = "the process that owned this run died; closed at the next start"
    end_run(run.info.run_id, "KILLED", "stopped" if STOP_TAG in tags else reason)
    if tags.get("veritrain.kind") not in ("stage", "loop", "sweep"):
        from veritrain_lib.tracking import run_events

        run_events.emit_end(run.info.run_id, "KILLED", "stopped" if STOP_TAG in tags else reason)
    return True


def _is_open(run: Run) -> bool:
    """Return whether a run is RUNNING, or SCHEDULED with a background process already started for it."""
    return run.info.status == "RUNNING" or (run.info.status == "SCHEDULED" and JOB_TAG in run.data.tags)


def tag(run_id: str, tags: Mapping[str, str]) -> None:
    """Set tags of a run in MLflow."""
    log(run_id, tags=tags)


def untag(run_id: str, name: str) -> None:
    """Remove a tag of a run in MLflow if it exists."""
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
    """Log parameters, metrics and tags of a run in MLflow with one call.

    Args:
        run_id: The run.
        parameters: Parameters; secrets in values are redacted, and values are cut to 6,000 characters.
        metrics: Metrics by name.
        tags: Tags; secrets in values are redacted, and values are cut to 8,000 characters.
        step: Step of the metrics.
        model_id: MLflow's id of the model that was measured.
        dataset: Name and digest of the dataset on which it was measured.
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
    "CELERY_TAG",
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
