"""Request to stop an experiment, which signals the process that works on it."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime

from veritrain_lib.core import liveness
from veritrain_lib.loop.round_run import STOPPED
from veritrain_lib.server.http.problems import Conflict
from veritrain_lib.tracking import event_log, run_events, runs
from veritrain_lib.tracking.state import database, jobs


def request_stop(run: runs.Run) -> None:
    """Ask the process that works on an experiment to stop; if it has died already, close the MLflow run as KILLED.

    Args:
        run: MLflow run of the experiment.

    Raises:
        Conflict: The process belongs to another machine or container, or is the one that calls this function.
    """
    run_id = run.info.run_id
    if _stop_on_worker(run):
        return
    owner = run.data.tags.get(runs.OWNER_TAG, "")
    is_alive = runs.is_alive(owner) if owner else False
    process = liveness.local_pid(owner) if is_alive else None
    if is_alive is None or (is_alive and process is None):
        raise Conflict(
            f"run {run_id} belongs to a process elsewhere ({liveness.describe(owner)}); stop it there"
        )
    if process == os.getpid():
        raise Conflict(f"run {run_id} is just being started; try again in a moment")
    runs.tag(run_id, {runs.STOP_TAG: datetime.now(UTC).isoformat()})
    event_log.append(
        run_id, "status", "stop was requested", data={"status": run_events.API_STATUS[run.info.status]}
    )
    try:
        if process is not None:
            os.kill(process, signal.SIGTERM)
    except ProcessLookupError:
        is_alive = False
    if not is_alive:
        run_events.reconcile(runs.get(run_id))


def _stop_on_worker(run: runs.Run) -> bool:
    """Stop an experiment that a worker was called for (`train_model`), on whatever machine; return whether one was."""
    job_id = run.data.tags.get(runs.CELERY_TAG, "")
    state = jobs.states([job_id]).get(job_id) if job_id and database.is_shared() else None
    if state is None or state.status not in ("queued", "running"):
        return False
    run_id = run.info.run_id
    runs.tag(run_id, {runs.STOP_TAG: datetime.now(UTC).isoformat()})
    jobs.cancel([job_id])
    if jobs.states([job_id])[job_id].status == "cancelled":  # it had not begun, so nobody else ends its run
        run_events.end_run(run_id, "KILLED", STOPPED)
    return True
