"""Work that outlives a request and the server: each in a process of its own, found by its run.

`launch` starts `python -m veritrain_lib.server.background_jobs RUN_ID` in a session of its own. The run's `veritrain.kind` says
what is to be done. A process that dies leaves a run whose owner is gone; whoever looks at it next closes it.
"""

from __future__ import annotations

import contextlib
import importlib
import signal
import subprocess
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from veritrain_lib.core import event_log, project
from veritrain_lib.core.errors import UserError
from veritrain_lib.llm.keys import setting
from veritrain_lib.server.stage_environment import environment_for_run
from veritrain_lib.tracking import run_events, runs

WORK: dict[str, str] = {
    "round": "veritrain_lib.loop.experiment_run:run_experiment",
    "upload": "veritrain_lib.server.dataset_work:judge_upload",
    "generation": "veritrain_lib.server.dataset_work:generate",
    "report": "veritrain_lib.server.report_work:write",
    "probe": "veritrain_lib.server.probe_work:probe",
}
"""What does the work of a run, by its kind: `module:function`, which takes the run's id and may close the run."""

MOST = 5
"""Experiments at once on a machine, where VERITRAIN_MAX_RUNNING says nothing."""

STOPPED = "stopped"


def launch(run_id: str) -> None:
    """Start the work of a run and return at once. The run says whose it is from now on."""
    out = folder() / f"work-{run_id}.log"
    with out.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "veritrain_lib.server.background_jobs", run_id],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            env=environment_for_run(run_id),
        )  # fmt: skip
    # A process that has ended must be asked for its exit code, or it stays in the table as if it lived.
    threading.Thread(target=process.wait, name=f"work {run_id[:8]}", daemon=True).start()
    tags = {runs.JOB: uuid.uuid4().hex}
    with contextlib.suppress(Exception):  # gone already: what it did is in the record
        tags[runs.OWNER] = runs.owner_of(process.pid)
    runs.tag(run_id, tags)


def most_running() -> int:
    """How many experiments run at once on this machine. Raises UserError for what is no number from 1."""
    given = setting("VERITRAIN_MAX_RUNNING")
    if given is None:
        return MOST
    if not given.isdecimal() or int(given) < 1:
        raise UserError(f"VERITRAIN_MAX_RUNNING is {given!r}; a whole number from 1 is needed")
    return int(given)


def main(run_id: str) -> int:
    """Do the work of a run to a truthful end. Gives the exit code."""
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # it is ignored where a shell started us with `&`
    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        from veritrain_lib.execution import warm_up
        from veritrain_lib.execution.jobs import asked_for_warm

        if asked_for_warm(default=True):
            warm_up()  # the stack is imported beside all that comes before the first notebook
        kind = runs.get(run_id).data.tags.get("veritrain.kind", "")
        if kind not in WORK:
            raise UserError(f"run {run_id} is of kind {kind!r}; work is known for: {', '.join(WORK)}")
        module, _, name = WORK[kind].partition(":")
        with _slot(run_id) if kind == "round" else contextlib.nullcontext():
            getattr(importlib.import_module(module), name)(run_id)
    except KeyboardInterrupt:
        _close(run_id, "KILLED", STOPPED)
        return 130
    except UserError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        _close(run_id, "FAILED", f"{type(error).__name__}: {error}")
        return error.exit_code
    except Exception as error:  # noqa: BLE001 (the run must say how it ended, whatever it was)
        traceback.print_exc()
        _close(run_id, "FAILED", f"{type(error).__name__}: {error}")
        return 70
    return 0


def _as_interrupt(number: int, frame: FrameType | None) -> None:
    # Whoever listens to Ctrl-C at this moment (an execution in its middle) hears of it.
    signal.raise_signal(signal.SIGINT)


def _close(run_id: str, status: runs.Ending, reason: str) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if runs.get(run_id).info.status in ("RUNNING", "SCHEDULED"):
        run_events.end(run_id, status, (reason.splitlines() or [status])[0])


@contextlib.contextmanager
def _slot(run_id: str) -> Iterator[None]:
    """One of the places for experiments of this machine; who finds none waits, and says so."""
    from filelock import FileLock, Timeout

    most, said = most_running(), False
    while True:
        for number in range(most):
            lock = FileLock(folder() / f"slot-{number}.lock")
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            try:
                yield
            finally:
                lock.release()
            return
        if not said:
            said = True
            event_log.tell(
                run_id, "status", f"waits: {most} experiment(s) are running on this machine",
                data={"status": "pending", "waits": True},
            )  # fmt: skip
        time.sleep(0.5)


def folder() -> Path:
    """Where locks, sockets and outputs of the server's processes are."""
    found = project.state("running")
    found.mkdir(parents=True, exist_ok=True)
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
