"""Execution of a background job's work, after which its MLflow run is closed exactly once, with the true outcome."""

from __future__ import annotations

from collections.abc import Callable

from veritrain_lib.core.errors import UserError
from veritrain_lib.tracking import run_events


def execute_run(run_id: str, work: Callable[[], str]) -> None:
    """Do the work of a background job, then close its MLflow run and its events as FINISHED, or as FAILED with the reason.

    A `UserError` is not raised again, because the run states it; any other exception is.

    Args:
        run_id: Id of the MLflow run.
        work: Function that does the work and returns one line about its result, for the run's last event.
    """
    try:
        headline = work()
    except BaseException as error:
        run_events.end_run(run_id, "FAILED", f"{type(error).__name__}: {error}".splitlines()[0])
        if not isinstance(error, UserError):
            raise
    else:
        run_events.end_run(run_id, "FINISHED", result=headline)
