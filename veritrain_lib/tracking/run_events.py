"""Start and end of runs that people watch live, written to MLflow and to the run's event file.

The final status is stored in MLflow before the last event is written, so whoever reads that event finds the status.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import event_log
from veritrain_lib.tracking import artifacts, runs

if TYPE_CHECKING:
    from veritrain_lib.tracking.entities import Run

ARTIFACT_PATH = "events"
"""Artifact folder of a run in which its events are stored after it has ended."""

API_STATUS = {
    "SCHEDULED": "pending", "RUNNING": "running", "FINISHED": "completed", "FAILED": "failed", "KILLED": "failed",
}  # fmt: skip
"""Status in the REST API by MLflow run status."""


def emit_start(run_id: str, message: str, data: Mapping[str, Any] | None = None) -> None:
    """Write an event that work on a run starts or continues into the run's event file.

    Args:
        run_id: The run.
        message: Text of the event.
        data: Further fields of the event.
    """
    event_log.append_or_warn(run_id, "status", message, data={"status": "running", **(data or {})})


def end_run(
    run_id: str, status: runs.FinalStatus, reason: str = "", *, metrics: Mapping[str, float] | None = None
) -> None:
    """Close a run in MLflow and write the event of its end.

    Args:
        run_id: The run.
        status: MLflow's final status.
        reason: Reason why the run did not finish, in one line; empty if it did.
        metrics: Final metrics for the event.
    """
    runs.end_run(run_id, status, reason)
    emit_end(run_id, status, reason, metrics=metrics)


def emit_end(
    run_id: str,
    status: str,
    reason: str = "",
    *,
    metrics: Mapping[str, float] | None = None,
    notify: bool = True,
) -> None:
    """Write the event of a run's end into its event file, and store all its events as an artifact.

    Args:
        run_id: The run.
        status: MLflow's final status.
        reason: Reason why the run did not finish; empty if it did.
        metrics: Final metrics for the event.
        notify: Whether to send a notification and store the artifact; False for a run that ended long ago.
    """
    level: event_log.Level = "info" if status == "FINISHED" else "error"
    summary = API_STATUS[status] + (f": {reason}" if reason else "")
    event_data: dict[str, Any] = {"status": API_STATUS[status], "run_status": status}
    if reason:
        event_data["reason"] = reason
    if metrics:
        event_data["metrics"] = dict(metrics)
    if event_log.end(run_id, summary, level=level, data=event_data) is None or not notify:
        return
    event_log.append_or_warn(
        event_log.NOTIFICATIONS, "log", f"Run {run_id[:8]} {summary}", level=level,
        data={"run": run_id, "status": API_STATUS[status]},
    )  # fmt: skip
    _store_events(run_id)


def reconcile(run: Run) -> bool:
    """Bring a run and its event file up to date: close the run if its process has died, and write a missing end event.

    Returns:
        Whether the run has ended. A run whose owner may still be alive, such as on another machine, is left unchanged.
    """
    if runs.close_if_abandoned(run):
        return True
    if run.info.status not in ("FINISHED", "FAILED", "KILLED"):
        return False
    run_id = run.info.run_id
    was_logged = event_log.log_path(run_id).exists()
    if not was_logged:
        _restore_events(run)
    if not event_log.has_ended(run_id):
        emit_end(run_id, run.info.status, run.data.tags.get("veritrain.reason", ""), notify=was_logged)
    return True


def _restore_events(run: Run) -> None:
    """Copy the events of an ended run from its artifact back to its event file, which somebody has deleted."""
    folder = artifacts.local_folder(run.info.artifact_uri)
    file = event_log.log_path(run.info.run_id)
    stored = folder / ARTIFACT_PATH / file.name if folder else None
    if stored and stored.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(f".{os.getpid()}.part")
        shutil.copyfile(stored, part)
        part.replace(file)


def _store_events(run_id: str) -> None:
    """Store a run's event file as an artifact of the run.

    A failure is only logged as a warning, because the event file still exists.
    """
    file = event_log.log_path(run_id)
    if not file.exists():
        return
    try:
        artifacts.log_file(run_id, file, ARTIFACT_PATH)
    except Exception as error:  # noqa: BLE001 (an artifact store fails in ways of its own)
        logging.getLogger(__name__).warning("events of run %s were not stored as artifact: %s", run_id, error)
