"""Program of a background job's process: `python -m veritrain_lib.server.run_job RUN_ID`.

`jobs/background.py` starts it. The tag `veritrain.kind` of the MLflow run RUN_ID selects the function to call.
"""

from __future__ import annotations

import contextlib
import importlib
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from types import FrameType

from veritrain_lib.core.errors import UserError
from veritrain_lib.llm.keys import setting
from veritrain_lib.server.jobs import background
from veritrain_lib.tracking import event_log, run_events, runs

JOB_FUNCTIONS: dict[str, str] = {
    "round": "veritrain_lib.loop.experiment_run:run_experiment",
    "upload": "veritrain_lib.server.resources.datasets.jobs:gate_upload",
    "generation": "veritrain_lib.server.resources.datasets.jobs:generate_and_gate",
    "report": "veritrain_lib.server.resources.reports.jobs:write_report",
}
"""Functions that do the work of background jobs, each named as `module:function`.

The key is the value of the MLflow run's tag `veritrain.kind`. The function takes the run's id; `main` closes the run if
the function fails.
"""

DEFAULT_MAX_RUNNING = 5
"""Maximum number of experiments that run at the same time on one machine if `VERITRAIN_MAX_RUNNING` is not set."""

STOPPED_REASON = "stopped"
"""Reason that is stored in a run that was stopped by a signal."""


def most_running() -> int:
    """Return the maximum number of experiments that may run at the same time on this machine.

    Raises:
        UserError: The setting `VERITRAIN_MAX_RUNNING` is not a whole number from 1.
    """
    value = setting("VERITRAIN_MAX_RUNNING")
    if value is None:
        return DEFAULT_MAX_RUNNING
    if not value.isdecimal() or int(value) < 1:
        raise UserError(f"VERITRAIN_MAX_RUNNING is {value!r}; a whole number from 1 is needed")
    return int(value)


def main(run_id: str) -> int:
    """Run the background job of an MLflow run.

    If the job is stopped or fails, the MLflow run is closed as KILLED or FAILED with the reason.

    Returns:
        Exit code of the process: 0 for success, 130 if it was stopped, 70 for an unexpected error, otherwise the code
        of the `UserError`.
    """
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # it is ignored where a shell started us with `&`
    signal.signal(signal.SIGTERM, _raise_interrupt)
    try:
        from veritrain_lib.execution.runner_choice import notebook_runner

        notebook_runner().get_ready()  # imports run in parallel with all that comes before the first notebook
        kind = runs.get(run_id).data.tags.get("veritrain.kind", "")
        if kind not in JOB_FUNCTIONS:
            raise UserError(
                f"run {run_id} is of kind {kind!r}, which has no job; kinds with a job are: {', '.join(JOB_FUNCTIONS)}"
            )
        module, _, name = JOB_FUNCTIONS[kind].partition(":")
        with _slot(run_id) if kind == "round" else contextlib.nullcontext():
            getattr(importlib.import_module(module), name)(run_id)
    except KeyboardInterrupt:
        _close_run(run_id, "KILLED", STOPPED_REASON)
        return 130
    except UserError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        _close_run(run_id, "FAILED", f"{type(error).__name__}: {error}")
        return error.exit_code
    except Exception as error:  # noqa: BLE001 (the run must say how it ended, whatever it was)
        traceback.print_exc()
        _close_run(run_id, "FAILED", f"{type(error).__name__}: {error}")
        return 70
    return 0


def _raise_interrupt(number: int, frame: FrameType | None) -> None:
    """Handle SIGTERM like Ctrl-C, so that code which can stop a running notebook does so."""
    # Whatever handles Ctrl-C at this moment (a running notebook) handles this too.
    signal.raise_signal(signal.SIGINT)


def _close_run(run_id: str, status: runs.FinalStatus, reason: str) -> None:
    """Close an MLflow run, if it is still open, with a status and the first line of a reason.

    Signals are ignored from here on, so that nothing interrupts the closing.
    """
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, signal.SIG_IGN)
    if runs.get(run_id).info.status in ("RUNNING", "SCHEDULED"):
        run_events.end_run(run_id, status, (reason.splitlines() or [status])[0])


@contextlib.contextmanager
def _slot(run_id: str) -> Iterator[None]:
    """Occupy one of this machine's slots for running experiments while the context is open.

    If all slots are taken, wait until one is free, and report the waiting once as an event of the MLflow run.
    """
    from filelock import FileLock, Timeout

    max_running, reported = most_running(), False
    while True:
        for number in range(max_running):
            lock = FileLock(background.folder() / f"slot-{number}.lock")
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            try:
                yield
            finally:
                lock.release()
            return
        if not reported:
            reported = True
            event_log.append(
                run_id, "status", f"waits: {max_running} experiment(s) are running on this machine",
                data={"status": "pending", "waits": True},
            )  # fmt: skip
        time.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
