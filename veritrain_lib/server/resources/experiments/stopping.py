"""Stop requests: asks the process that works on a run to stop, from any process of the server."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime

from veritrain_lib.core import event_log, liveness
from veritrain_lib.server.http.problems import Conflict
from veritrain_lib.tracking import run_events, runs


def request_stop(run: runs.Run) -> None:
    """Ask the run's owner to stop; it closes the run as KILLED. If the owner has ended, the run is closed here.

    Args:
        run: The run to stop.

    Raises:
        Conflict: The owner is a process of another machine or container, or this one itself.
    """
    run_id = run.info.run_id
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
    event_log.append_or_warn(
        run_id, "status", "stop was requested", data={"status": run_events.API_STATUS[run.info.status]}
    )
    try:
        if process is not None:
            os.kill(process, signal.SIGTERM)
    except ProcessLookupError:
        is_alive = False
    if not is_alive:
        run_events.reconcile(runs.get(run_id))
