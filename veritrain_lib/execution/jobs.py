"""Notebook executions as jobs that can be handed to a runner.

The loop makes `Job`s and gives them to a `JobRunner`; whether that runs them here,
on warm kernels or on many machines makes no difference to the loop.
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
"""Environment variable: `warm` or `cold`, for runners that were created without `warm`."""


@dataclass(frozen=True)
class Job:
    """One notebook to run.

    Attributes:
        name: For people: shown in progress and logs, such as `round 2, gate`.
        notebook: The notebook to run.
        output: The file for the executed notebook.
        parameters: Values for its `parameters` cell; they end up in the notebook, so no secrets.
        environment: Added to the kernel's environment; the place for secrets.
        cell_timeout_s: Longest time one cell may run, in seconds; None for no limit.
    """

    name: str
    notebook: Path
    output: Path
    parameters: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    cell_timeout_s: float | None = None


class JobRunner(Protocol):
    """Anything that can run jobs and report how they ended."""

    def run(
        self,
        jobs: Sequence[Job],
        *,
        on_progress: Callable[[Job, NotebookProgress], None] | None = None,
        on_done: Callable[[Job, NotebookOutcome], None] | None = None,
    ) -> list[NotebookOutcome]:
        """Run jobs that do not depend on each other; return their outcomes in order.

        Args:
            jobs: The jobs.
            on_progress: Called before each code cell of a job.
            on_done: Called as soon as a job has ended.

        Raises:
            KeyboardInterrupt: As `parallel.execute_all`.
            OSError: As `parallel.execute_all`.
        """
        ...

    def run_in_background(self, function: str, *arguments: str) -> None:
        """Have `module:function` called with texts, now or beside the next jobs; it must change no result."""
        ...

    def finish(self) -> None:
        """Return when all background calls are done.

        Raises:
            Infrastructure: A background call failed.
        """
        ...


class LocalRunner:
    """A runner that runs jobs at once, on this machine, each on a kernel of its own; it needs no broker."""

    def __init__(self, *, warm: bool | None = None, at_once: int = 0) -> None:
        """Create a runner.

        Args:
            warm: Whether kernels are forked from a process that has imported the stack; None for the setting of
                `VERITRAIN_KERNELS`, and cold where that is not set.
            at_once: How many jobs at most run at the same time; 0 for as many as the machine can bear.

        Raises:
            UserError: `VERITRAIN_KERNELS` is neither `warm` nor `cold`.
        """
        self.warm = warm_kernels_requested(default=False) if warm is None else warm
        self.at_once = at_once
        self._background: BackgroundTasks | None = None

    def run_in_background(self, function: str, *arguments: str) -> None:
        """See `JobRunner.run_in_background`."""
        from veritrain_lib.execution.background_tasks import BackgroundTasks

        if self._background is None:
            self._background = BackgroundTasks(warm=self.warm)
        self._background.call(function, *arguments)

    def finish(self) -> None:
        """See `JobRunner.finish`."""
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
        """See `JobRunner.run`."""
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
    """Return whether `VERITRAIN_KERNELS` asks for warm kernels.

    Args:
        default: The answer when the variable is not set.

    Raises:
        UserError: The variable has another value than `warm` or `cold`.
    """
    setting = os.environ.get(KERNELS_VARIABLE, "")
    if setting not in ("", "warm", "cold"):
        raise UserError(f"{KERNELS_VARIABLE} is {setting!r}; allowed: warm, cold")
    return setting == "warm" if setting else default
