"""A job runner that does a stage in this process, as its notebook would, without the seconds of a kernel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack

import pytest

from veritrain_lib.execution import Job, NotebookOutcome, NotebookProgress
from veritrain_lib.execution.background_tasks import call_in_process
from veritrain_lib.stages.record.start_stage import start_stage


class InProcess:
    """Implements `execution.jobs.JobRunner`. `jobs` are those that were run, by stage."""

    def __init__(self) -> None:
        self.jobs: list[str] = []

    def run(
        self,
        jobs: Sequence[Job],
        *,
        on_progress: Callable[[Job, NotebookProgress], None] | None = None,
        on_done: Callable[[Job, NotebookOutcome], None] | None = None,
    ) -> list[NotebookOutcome]:
        """One after another."""
        outcomes = []
        for job in jobs:
            if on_progress:
                on_progress(job, NotebookProgress(1, 3, job.name, 0.0))
            outcomes.append(self.do(job))
            if on_done:
                on_done(job, outcomes[-1])
        return outcomes

    def run_in_background(self, function: str, *arguments: str) -> None:
        """At once."""
        call_in_process(function, *arguments)

    def get_ready(self, *functions: str) -> None:
        """Nothing is to be prepared."""

    def finish(self) -> None:
        """Nothing is left."""

    def do(self, job: Job) -> NotebookOutcome:
        """Begin, run and close the stage under the job's parameters and environment."""
        self.jobs.append(job.name)
        error: Exception | None = None
        with ExitStack() as stack:
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            for name, value in job.environment.items():
                patch.setenv(name, value)
            try:
                stage = start_stage(job.name, {**job.parameters, "In": []})
                stage.run()
                stage.finish()
            except Exception as raised:  # noqa: BLE001 (a failed cell is an outcome, as in a notebook)
                error = raised
        if error is None:
            return NotebookOutcome("finished", job.output, 0.0, None, None, 3, 3)
        return NotebookOutcome("failed", job.output, 0.0, f"{type(error).__name__}: {error}", 2, 1, 3)
