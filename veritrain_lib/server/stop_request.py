"""Asking the process that works on a run to stop, from whichever process of the server was asked."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime

from veritrain_lib.core import event_log, liveness
from veritrain_lib.server.api.problems import Conflict
from veritrain_lib.tracking import run_events, runs


def stop(run: runs.Run) -> None:
    """Ask the run's owner to stop; it closes the run as KILLED. An owner that is gone has its run closed here.

    Raises Conflict when the owner is a process of another machine or container, or this one itself.
    """
    run_id = run.info.run_id
    who = run.data.tags.get(runs.OWNER, "")
    lives = runs.alive(who) if who else False
    process = liveness.number_here(who) if lives else None
    if lives is None or (lives and process is None):
        raise Conflict(f"run {run_id} is worked on elsewhere ({liveness.told(who)}); stop it there")
    if process == os.getpid():
        raise Conflict(f"run {run_id} is just being opened; ask again in a moment")
    runs.tag(run_id, {runs.STOP: datetime.now(UTC).isoformat()})
    event_log.tell(
        run_id, "status", "stop was asked for", data={"status": run_events.STATUS[run.info.status]}
    )
    try:
        if process is not None:
            os.kill(process, signal.SIGTERM)
    except ProcessLookupError:
        lives = False
    if not lives:
        run_events.settle(runs.get(run_id))
