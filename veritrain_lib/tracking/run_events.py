"""Runs that people watch while they are worked on: their beginning and end in the record and in their event log.

The record says how a run ended before its last event does, so who hears of the end finds it there.
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

PLACE = "events"
"""Folder of a run's artifacts with its events, once it has ended."""

STATUS = {
    "SCHEDULED": "pending", "RUNNING": "running", "FINISHED": "completed", "FAILED": "failed", "KILLED": "failed",
}  # fmt: skip
"""A run's status in the words of the API."""


def say_begun(run_id: str, message: str, data: Mapping[str, Any] | None = None) -> None:
    """Tell who watches that work on a run begins, or goes on."""
    event_log.tell(run_id, "status", message, data={"status": "running", **(data or {})})


def end(
    run_id: str, status: runs.Ending, reason: str = "", *, metrics: Mapping[str, float] | None = None
) -> None:
    """Close a run and tell who watches."""
    runs.end_run(run_id, status, reason)
    say_ended(run_id, status, reason, metrics=metrics)


def say_ended(
    run_id: str,
    status: str,
    reason: str = "",
    *,
    metrics: Mapping[str, float] | None = None,
    news: bool = True,
) -> None:
    """Tell who watches that a run has ended, unless that was said; its events become an artifact of it.

    `news` False: nobody needs to be notified, it ended long ago.
    """
    level: event_log.Level = "info" if status == "FINISHED" else "error"
    words = STATUS[status] + (f": {reason}" if reason else "")
    said: dict[str, Any] = {"status": STATUS[status], "run_status": status}
    if reason:
        said["reason"] = reason
    if metrics:
        said["metrics"] = dict(metrics)
    if event_log.end(run_id, words, level=level, data=said) is None or not news:
        return
    event_log.tell(
        event_log.NOTIFICATIONS, "log", f"Run {run_id[:8]} {words}", level=level,
        data={"run": run_id, "status": STATUS[status]},
    )  # fmt: skip
    _keep(run_id)


def settle(run: Run) -> bool:
    """Set right what its owner could not: a run whose owner died is closed, and an end that was not said is said.

    Whether the run has ended. A run of another machine is left as it is.
    """
    if runs.close_if_abandoned(run):
        return True
    if run.info.status not in ("FINISHED", "FAILED", "KILLED"):
        return False
    run_id = run.info.run_id
    news = event_log.place(run_id).exists()
    if not news:
        _bring_back(run)
    if not event_log.has_ended(run_id):
        say_ended(run_id, run.info.status, run.data.tags.get("veritrain.reason", ""), news=news)
    return True


def _bring_back(run: Run) -> None:
    """Where the folder of events was emptied, the artifact of a run that has ended still has them."""
    folder = artifacts.local_folder(run.info.artifact_uri)
    file = event_log.place(run.info.run_id)
    kept = folder / PLACE / file.name if folder else None
    if kept and kept.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(f".{os.getpid()}.part")
        shutil.copyfile(kept, part)
        part.replace(file)


def _keep(run_id: str) -> None:
    """Store the events as an artifact. What can't be stored is warned of: the file is still there."""
    file = event_log.place(run_id)
    if not file.exists():
        return
    try:
        artifacts.log_file(run_id, file, PLACE)
    except Exception as error:  # noqa: BLE001 (an artifact store fails in ways of its own)
        logging.getLogger(__name__).warning("events of run %s were not stored as artifact: %s", run_id, error)
