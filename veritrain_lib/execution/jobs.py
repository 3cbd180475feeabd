"""A notebook execution as a thing that can be handed to somebody.

The loop makes `Job`s and gives them to a `JobRunner`; whether that runs them here,
on warm kernels or on many machines is no concern of the loop's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from veritrain_lib.execution.notebook import execute_notebook
from veritrain_lib.execution.outcome import NotebookOutcome, Progress


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
    """Anything that can run a job and say how it ended."""

    def run(self, job: Job, on_progress: Callable[[Progress], None] | None = None) -> NotebookOutcome:
        """Run `job` to its end. Raises what `execute_notebook` raises, and nothing else."""
        ...


class LocalRunner:
    """Runs each job at once, on this machine, on a fresh kernel. Needs no broker."""

    def run(self, job: Job, on_progress: Callable[[Progress], None] | None = None) -> NotebookOutcome:
        """See `JobRunner.run`."""
        return execute_notebook(
            job.notebook,
            job.output,
            job.parameters,
            environment=job.environment,
            cell_timeout_s=job.cell_timeout_s,
            on_progress=on_progress,
        )
