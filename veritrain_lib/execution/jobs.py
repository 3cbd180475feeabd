"""Notebook executions as jobs, and the protocol of the runners that execute them.

Code that needs notebooks executed makes `Job`s and gives them to a `JobRunner`, which decides where they run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    from veritrain_lib.execution.background_tasks import BackgroundTasks
    from veritrain_lib.execution.outcome import NotebookOutcome, NotebookProgress

KERNELS_VARIABLE = "VERITRAIN_KERNELS"
"""Environment variable that says whether kernels are forked (`warm`) or started (`cold`) unless the code decides."""


@dataclass(frozen=True)
class Job:
    """One notebook to run, with its parameters and the file to save it to.

    Attributes:
        name: Name for people in progress lines and logs, such as `round 2, gate`.
        notebook: The notebook to run.
        output: File for the executed notebook.
        parameters: Values for the notebook's `parameters` cell. They are stored in the executed notebook, so no
            secrets.
        environment: Variables added to the kernel's environment; secrets belong here.
        cell_timeout_s: Time limit of each cell in seconds; None for no limit.
    """

    name: str
    notebook: Path
    output: Path
    parameters: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    cell_timeout_s: float | None = None


class JobRunner(Protocol):
    """Protocol of a runner of notebook jobs."""

    def run(
        self,
        jobs: Sequence[Job],
        *,
        on_progress: Callable[[Job, NotebookProgress], None] | None = None,
        on_done: Callable[[Job, NotebookOutcome], None] | None = None,
    ) -> list[NotebookOutcome]:
        """Run notebook jobs that do not depend on each other, and return their outcomes in the same order.

        A notebook that fails raises no error; its outcome says so.

        Args:
            jobs: The jobs.
            on_progress: Called with a job and its progress before each of its code cells.
            on_done: Called with a job and its outcome as soon as it has ended.

        Raises:
            FileNotFoundError: There is no such notebook.
            ValueError: A notebook, its parameters or its time limit are invalid; no job has been started.
            Refused: A notebook lies in `mlruns/`, the folder of MLflow's artifacts.
            OSError: A notebook could not be saved.
            KeyboardInterrupt: This process got Ctrl-C, SIGTERM or SIGHUP; all kernels have ended.
        """
        ...

    def run_in_background(self, function: str, *arguments: str) -> None:
        """Queue a function call that runs while the next notebooks run; it must not change any result.

        Args:
            function: The function, as the text `module:function`.
            arguments: Its arguments, all texts.
        """
        ...

    def get_ready(self, *functions: str) -> None:
        """Prepare for notebook jobs that come soon, and return at once; the preparation must not change any result.

        Args:
            *functions: Functions as texts `module:function` or `module:function=ARGUMENT`, called where the notebooks
                will run.
        """
        ...

    def finish(self) -> None:
        """Wait until all background calls are done.

        Raises:
            Infrastructure: A background call failed.
        """
        ...


class LocalRunner:
    """Runner of notebook jobs on this machine, each on a kernel of its own; it needs no message broker."""

    def __init__(self, *, warm: bool | None = None, at_once: int = 0) -> None:
        """Create a runner.

        Args:
            warm: Whether to fork kernels from a process that has imported all libraries; None for the setting of
                `VERITRAIN_KERNELS`, or False if that is not set.
            at_once: Maximum number of jobs that run at the same time; 0 for as many as cores and memory allow.

        Raises:
            UserError: `VERITRAIN_KERNELS` is neither `warm` nor `cold`.
        """
        self.warm = warm_kernels_requested(default=False) if warm is None else warm
        self.at_once = at_once
        self._background: BackgroundTasks | None = None

    def run_in_background(self, function: str, *arguments: str) -> None:
        """Queue a function call that runs in a forked process beside the next notebooks.

        Where processes are not forked (`warm` is False), the call is made at once in this process.

        Args:
            function: The function, as the text `module:function`.
            arguments: Its arguments, all texts.
        """
        from veritrain_lib.execution.background_tasks import BackgroundTasks

        if self._background is None:
            self._background = BackgroundTasks(warm=self.warm)
        self._background.call(function, *arguments)

    def get_ready(self, *functions: str) -> None:
        """Import libraries and call functions in the process that kernels are forked from.

        Nothing happens if kernels are not forked (`warm` is False).

        Args:
            *functions: Functions as texts `module:function` or `module:function=ARGUMENT`.
        """
        from veritrain_lib.fast.warm import warm_up

        if self.warm:
            warm_up(*functions)

    def finish(self) -> None:
        """Wait until all background calls are done and all kernel processes have ended.

        Raises:
            Infrastructure: A background call failed.
        """
        from veritrain_lib.execution.process_wait import wait_for_exits

        try:
            if self._background is not None:
                self._background.finish()
        finally:
            wait_for_exits()

    def run(
        self,
        jobs: Sequence[Job],
        *,
        on_progress: Callable[[Job, NotebookProgress], None] | None = None,
        on_done: Callable[[Job, NotebookOutcome], None] | None = None,
    ) -> list[NotebookOutcome]:
        """Run notebook jobs on this machine, several at once, and return their outcomes; see `JobRunner.run`."""
        from veritrain_lib.execution.parallel import execute_all
        from veritrain_lib.execution.prepared_notebook import PreparedNotebook

        prepared = [
            PreparedNotebook(
                job.notebook,
                job.output,
                job.parameters,
                environment=job.environment,
                cell_timeout_s=job.cell_timeout_s,
                warm=self.warm,
            )
            for job in jobs
        ]

        def on_notebook_progress(index: int, progress: NotebookProgress) -> None:
            if on_progress is not None:
                on_progress(jobs[index], progress)

        def on_notebook_done(index: int, outcome: NotebookOutcome) -> None:
            if on_done is not None:
                on_done(jobs[index], outcome)

        return execute_all(
            prepared,
            at_once=self.at_once,
            on_progress=on_notebook_progress,
            on_done=on_notebook_done,
            await_exits=False,
        )


def warm_kernels_requested(*, default: bool) -> bool:
    """Return whether the environment variable `VERITRAIN_KERNELS` asks for warm (forked) kernels.

    Args:
        default: Result when the variable is not set.

    Raises:
        UserError: The variable has another value than `warm` or `cold`.
    """
    setting = os.environ.get(KERNELS_VARIABLE, "")
    if setting not in ("", "warm", "cold"):
        raise UserError(f"{KERNELS_VARIABLE} is {setting!r}; allowed: warm, cold")
    return setting == "warm" if setting else default
