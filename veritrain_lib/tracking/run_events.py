"""Start and end of runs that people watch live, written to MLflow and to the run's events.

The final status is stored in MLflow before the last event is written, so whoever reads that event finds the status.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from veritrain_lib.tracking import event_archive, event_log, runs

if TYPE_CHECKING:
    from veritrain_lib.tracking.entities import Run

API_STATUS = {
    "SCHEDULED": "pending", "RUNNING": "running", "FINISHED": "completed", "FAILED": "failed", "KILLED": "failed",
}  # fmt: skip
"""Status in the REST API by MLflow run status."""


def emit_start(run_id: str, message: str, data: Mapping[str, Any] | None = None) -> None:
    """Append the event that work on a run starts or continues.

    Args:
        run_id: The run.
        message: Text of the event.
        data: Further fields of the event.
    """
    event_log.append(run_id, "status", message, data={"status": "running", **(data or {})})


def end_run(
    run_id: str,
    status: runs.FinalStatus,
    reason: str = "",
    *,
    metrics: Mapping[str, float] | None = None,
    result: str = "",
) -> None:
    """Close a run in MLflow and write the event of its end.

    Args:
        run_id: The run.
        status: MLflow's final status.
        reason: Reason why the run did not finish, in one line; empty if it did.
        metrics: Final metrics for the event.
        result: One line about what a run that finished has made, for the event.
    """
    runs.end_run(run_id, status, reason)
    emit_end(run_id, status, reason, metrics=metrics, result=result)


def emit_end(
    run_id: str,
    status: str,
    reason: str = "",
    *,
    metrics: Mapping[str, float] | None = None,
    result: str = "",
    notify: bool = True,
) -> None:
    """Append the event of a run's end, and store all its events as an artifact.

    Args:
        run_id: The run.
        status: MLflow's final status.
        reason: Reason why the run did not finish; empty if it did.
        metrics: Final metrics for the event.
        result: One line about what a run that finished has made.
        notify: Whether to send a notification and store the artifact; False for a run that ended long ago.
    """
    level: event_log.Level = "info" if status == "FINISHED" else "error"
    summary = ": ".join(part for part in (API_STATUS[status], reason or result) if part)
    event_data: dict[str, Any] = {"status": API_STATUS[status], "run_status": status}
    if reason:
        event_data["reason"] = reason
    if metrics:
        event_data["metrics"] = dict(metrics)
    if not event_log.end(run_id, summary, level=level, data=event_data) or not notify:
        return
    event_log.append(
        event_log.NOTIFICATIONS, "log", f"Run {run_id[:8]} {summary}", level=level,
        data={"run": run_id, "status": API_STATUS[status]},
    )  # fmt: skip
    event_archive.store(run_id)


def reconcile(run: Run) -> bool:
    """Bring a run and its events up to date: close the run if its process has died, and append a missing end event.

    Returns:
        Whether the run has ended. A run whose owner may still be alive, such as on another machine, is left unchanged.
    """
    if runs.close_if_abandoned(run):
        return True
    if run.info.status not in ("FINISHED", "FAILED", "KILLED"):
        return False
    run_id = run.info.run_id
    if not event_log.has_ended(run_id):
        has_events = event_log.last_number(run_id) > 0
        if has_events or not event_archive.restore(run_id):
            emit_end(run_id, run.info.status, run.data.tags.get("veritrain.reason", ""), notify=has_events)
    return True
