"""A run that was opened for a request ends as the work under it ends: once, truthfully, and with a line about it."""

from __future__ import annotations

from collections.abc import Callable

from veritrain_lib.core import event_log
from veritrain_lib.core.errors import UserError
from veritrain_lib.tracking import runs


def carry_out(run_id: str, work: Callable[[], str], *, status: str) -> None:
    """Do the work of a run, which gives its headline. The run ends FINISHED, and its lines say `status`; or FAILED with
    the reason.

    A UserError ends here: the run says it. Any other error is raised again.
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
