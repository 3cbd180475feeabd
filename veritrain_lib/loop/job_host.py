"""Program that runs stage jobs in a child process of a Celery worker: `python -m veritrain_lib.loop.job_host`.

`execution/workers/host.py` starts it. It reads jobs as JSON lines from standard input, runs each by the functions that
the loop uses on its own machine, and answers in JSON lines: `progress`, and at the end a `status` with its reason.
Notebook kernels stay warm from job to job.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any

from veritrain_lib.core import digest
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.machine_fault import machine_fault
from veritrain_lib.core.stage_list import NAMES
from veritrain_lib.tracking.state import files

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.execution import JobRunner, NotebookProgress

IDLE_S = 0.3
"""Seconds without a new job after which the process waits for the background tasks of earlier jobs."""

KERNEL_DIED = re.compile(rf"\b({'|'.join(NAMES)}) died\b")
"""Pattern of the error message of a stage whose notebook kernel died."""

EXIT_AFTER_S = 10.0
"""Seconds that this process has to end its notebook after its Celery worker has died, before it exits anyway."""


def main() -> int:
    """Run jobs until standard input ends, and return the exit code 0."""
    # Standard output is for the answers: whatever a library prints goes to standard error.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=_end_with_worker, args=(os.getppid(),), daemon=True).start()
    host = _JobHost(answers)
    while True:
        try:
            ready, _, _ = select.select([sys.stdin], [], [], IDLE_S)
            if not ready:
                host.finish_background_tasks()
                continue
            line = sys.stdin.readline()
            if not line:
                host.finish_background_tasks()
                signal.signal(signal.SIGINT, signal.SIG_IGN)  # of `_end_with_worker`: it is ending already
                return 0
            answer = host.run(json.loads(line))
        except KeyboardInterrupt:
            answer = {"status": "cancelled", "reason": "interrupted from outside"}
        _send(answers, answer)


def _send(answers: IO[str], message: Mapping[str, Any]) -> None:
    """Send one JSON line to the Celery worker; do nothing if the worker has died.

    A dead worker is handled by `_end_with_worker`, which interrupts the notebook, so that its run ends as KILLED. A
    broken pipe error raised here would end the notebook first, as FAILED.
    """
    with contextlib.suppress(BrokenPipeError):
        answers.write(json.dumps(dict(message)) + "\n")
        answers.flush()


def _end_with_worker(parent: int) -> None:
    """Wait until the Celery worker has ended, then interrupt the notebook and end this process.

    Another worker then gets the job, and must not find it still running here.

    Args:
        parent: The process id of the worker.
    """
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(EXIT_AFTER_S)
    os._exit(1)


class _JobHost:
    """Executor of jobs in a child process of a Celery worker; it keeps the notebook kernels warm between jobs."""

    def __init__(self, answers: IO[str]) -> None:
        self._answers = answers
        self._runner: JobRunner | None = None
        self._recovered: set[str] = set()

    def runner(self) -> JobRunner:
        """Return the runner of notebooks, made on the first call, which keeps their kernels warm."""
        from veritrain_lib.execution.runner_choice import notebook_runner

        if self._runner is None:
            self._runner = notebook_runner()
            self._runner.get_ready()
        return self._runner

    def finish_background_tasks(self) -> None:
        """Wait until the HTML and PDF pages of the notebooks that have ended are made."""
        from veritrain_lib.loop.stage_job import finish_background_tasks

        if self._runner is not None:
            with finish_background_tasks(self._runner):
                pass

    def run(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Run one job and return how it ended.

        Args:
            payload: The job: digests of the task's and project's files, stage, parameters, digest of the code.

        Returns:
            `status` (`done`, `failed` or `retry`), and if the job is not done `error` (class of the error) and
            `reason`.
        """
        try:
            if payload["code"] != digest.of_code():
                return {
                    "status": "failed", "error": "Infrastructure",
                    "reason": "the worker has another version of Veri-Train than the machine that wants the job done; "
                    "install the same one on both",
                }  # fmt: skip
            if "call" in payload:
                return {"status": "done", "result": self._run_call(payload)}
            self._run_stage(payload)
        except UserError as error:
            # A kernel that died was killed, as by a lack of memory: another attempt, or machine, may do better.
            status = "retry" if KERNEL_DIED.search(str(error)) else "failed"
            return {"status": status, "error": type(error).__name__, "reason": str(error)}
        except Exception as error:  # noqa: BLE001  # the record must say how the job ended, whatever it was
            traceback.print_exc()
            fault = machine_fault(error)
            reason = fault or f"{type(error).__name__}: {error}"
            return {"status": "retry" if fault else "failed", "error": type(error).__name__, "reason": reason}
        return {"status": "done"}

    def _run_call(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        from veritrain_lib.loop.task_results import run_call

        runner = self.runner()
        result = run_call(payload, self._task(payload["task"]), runner=runner, report=self._report)
        self.finish_background_tasks()
        return result

    def _task(self, bundle: str) -> Task:
        from veritrain_lib.loop.stage_job import recover_killed_runs

        task = _task_of(bundle)
        if task.name not in self._recovered:
            recover_killed_runs(task)  # what a host before this one left when it was killed
            self._recovered.add(task.name)
        return task

    def _run_stage(self, payload: Mapping[str, Any]) -> None:
        from veritrain_lib.loop.stage_job import CompletedStage, find_or_claim, run_together

        runner = self.runner()
        task = self._task(payload["task"])
        work = find_or_claim(task, [(payload["stage"], payload["parameters"])])[0]
        if not isinstance(work, CompletedStage):
            run_together([work], runner=runner, on_progress=lambda _, progress: self._report(progress))
        if payload["stage"] == "report":
            self.finish_background_tasks()  # people are told where its pages are

    def _report(self, progress: NotebookProgress) -> None:
        fields = {name: getattr(progress, name) for name in ("cell", "cells", "title_of_cell", "seconds")}
        _send(self._answers, {"progress": fields})


def _task_of(bundle: str) -> Task:
    """Load the task of a job, after writing its files to a folder of derived tasks.

    Args:
        bundle: The digest of the stored files, see `task_bundle.store_task`.
    """
    from veritrain_lib.core.task import load_task
    from veritrain_lib.loop.task_bundle import TASK_FILE
    from veritrain_lib.task_file.files import derived_folder

    folder = derived_folder() / bundle[:16]
    folder.parent.mkdir(parents=True, exist_ok=True)
    files.fetch_bundle(bundle, folder)
    return load_task(folder / TASK_FILE)


if __name__ == "__main__":
    sys.exit(main())
