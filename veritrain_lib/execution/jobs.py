"""A notebook execution as a thing that can be handed to somebody.

The loop makes `Job`s and gives them to a `JobRunner`; whether that runs them here,
on warm kernels or on many machines is no concern of the loop's.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    from veritrain_lib.execution.background_tasks import Afterwards
    from veritrain_lib.execution.outcome import NotebookOutcome, Progress

KERNELS = "VERITRAIN_KERNELS"
"""Environment variable: `warm` or `cold`, for runners that were not told."""


@dataclass(frozen=True)
class Job:
    """One notebook to run.

    Attributes:
        name: For people: shown in progress and logs, such as `round 2, gate`.
        notebook: The notebook to run.
        output: Where the executed notebook goes.
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
    """Anything that can run jobs and say how they ended."""

    def run(
        self,
        jobs: Sequence[Job],
        *,
        on_progress: Callable[[Job, Progress], None] | None = None,
        on_done: Callable[[Job, NotebookOutcome], None] | None = None,
    ) -> list[NotebookOutcome]:
        """Run jobs that do not need each other to their ends; outcomes in their order.

        `on_done` is called as soon as a job has ended. Raises what `fan_out.execute_all` raises.
        """
        ...

    def afterwards(self, function: str, *arguments: str) -> None:
        """Have `module:function` called with texts, now or beside the next jobs. It changes no result."""
        ...

    def finish(self) -> None:
        """Return when all that was to be done afterwards is done. Raises Infrastructure for what failed."""
        ...


class LocalRunner:
    """Runs jobs at once, on this machine, each on a kernel of its own. Needs no broker."""

    def __init__(self, *, warm: bool | None = None, at_once: int = 0) -> None:
        """Make a runner.

        Args:
            warm: Whether kernels are forked from a process that has imported the stack; None for what
                `VERITRAIN_KERNELS` says, and cold when that says nothing.
            at_once: How many jobs at most run at the same time; 0 for as many as the machine bears.

        Raises:
            UserError: `VERITRAIN_KERNELS` is neither `warm` nor `cold`.
        """
        self.warm = asked_for_warm(default=False) if warm is None else warm
        self.at_once = at_once
        self._afterwards: Afterwards | None = None

    def afterwards(self, function: str, *arguments: str) -> None:
        """See `JobRunner.afterwards`."""
        from veritrain_lib.execution.background_tasks import Afterwards

        if self._afterwards is None:
            self._afterwards = Afterwards(warm=self.warm)
        self._afterwards.call(function, *arguments)

    def finish(self) -> None:
        """See `JobRunner.finish`."""
        from veritrain_lib.execution.process_wait import wait_until_gone

        try:
            if self._afterwards is not None:
                self._afterwards.finish()
        finally:
            wait_until_gone()

    def run(
        self,
        jobs: Sequence[Job],
        *,
        on_progress: Callable[[Job, Progress], None] | None = None,
        on_done: Callable[[Job, NotebookOutcome], None] | None = None,
    ) -> list[NotebookOutcome]:
        """See `JobRunner.run`."""
        from veritrain_lib.execution.parallel import execute_all
        from veritrain_lib.execution.prepared_notebook import Prepared

        prepared = [
            Prepared(
                job.notebook,
                job.output,
                job.parameters,
                environment=job.environment,
                cell_timeout_s=job.cell_timeout_s,
                warm=self.warm,
            )
            for job in jobs
        ]

        def moved(place: int, progress: Progress) -> None:
            if on_progress is not None:
                on_progress(jobs[place], progress)

        def ended(place: int, outcome: NotebookOutcome) -> None:
            if on_done is not None:
                on_done(jobs[place], outcome)

        return execute_all(prepared, at_once=self.at_once, on_progress=moved, on_done=ended, until_gone=False)


def asked_for_warm(*, default: bool) -> bool:
    """Whether `VERITRAIN_KERNELS` asks for warm kernels. Raises UserError for an unknown word."""
    word = os.environ.get(KERNELS, "")
    if word not in ("", "warm", "cold"):
        raise UserError(f"{KERNELS} is {word!r}; allowed: warm, cold")
    return word == "warm" if word else default
