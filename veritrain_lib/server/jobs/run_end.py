"""End of a run that was opened for a request: exactly once, with the status of its work and a log line."""

from __future__ import annotations

from collections.abc import Callable

from veritrain_lib.core import event_log
from veritrain_lib.core.errors import UserError
from veritrain_lib.tracking import runs


def execute_run(run_id: str, work: Callable[[], str], *, status: str) -> None:
    """Do the work of a run and end the run with its outcome.

    The run ends FINISHED, or FAILED with the reason. A UserError is not raised again, because the run has it; any other
    error is.

    Args:
        run_id: The run.
        work: Function that does the work and returns the run's headline.
        status: Status in the log line of a run that finished.
    """
    try:
        headline = work()
    except BaseException as error:
        runs.end_run(run_id, "FAILED", f"{type(error).__name__}: {error}".splitlines()[0])
        event_log.append(
            run_id, "status", str(error).splitlines()[0], level="error", data={"status": "failed"}
        )
        if not isinstance(error, UserError):
            raise
    else:
        runs.end_run(run_id, "FINISHED")
        event_log.append(run_id, "status", headline, data={"status": status})
