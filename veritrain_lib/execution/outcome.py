"""The result types of a notebook run: how it ended, and how far it is while it runs.

`NotebookOutcome` is the only thing the rest of the project reads about an
execution. Its statuses are distinct because a person does different things
next: a `failed` cell is a bug to read, a `timed_out` one may need more time, a
kernel that `died` is often out of memory, an `interrupted` run is to be resumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

RunStatus = Literal["finished", "failed", "timed_out", "died", "interrupted"]
"""How a run ended.

finished     every cell that had something to run ran, and none raised
failed       a cell raised, called `sys.exit` or `exit()`, or a magic in it failed
timed_out    a cell ran longer than allowed and was stopped
died         the kernel process ended by itself or was killed, or never started
interrupted  this process was asked to stop (Ctrl-C, SIGTERM, SIGHUP)
"""


@dataclass(frozen=True)
class NotebookOutcome:
    """The result of one notebook execution.

    Attributes:
        status: How it ended; see `RunStatus`.
        executed: The executed notebook, saved also when the run went wrong.
        seconds: Wall-clock time of the run, start and end of the kernel included.
        error: None exactly when `status` is `finished`; otherwise one line,
            `ExceptionType: message`, with secrets masked.
        failed_cell: Index in `executed` (all cells counted, from 0) of the cell
            that was running when it went wrong; None when no cell was.
        cells_run: Code cells that ran to their end without failing; all of
            `cells_total` when `status` is `finished`.
        cells_total: Code cells with something to run: not empty, not tagged
            `skip-execution`. An injected parameters cell counts.
    """

    status: RunStatus
    executed: Path
    seconds: float
    error: str | None
    failed_cell: int | None
    cells_run: int
    cells_total: int

    @property
    def ok(self) -> bool:
        """Whether every cell ran and none failed."""
        return self.status == "finished"


@dataclass(frozen=True)
class NotebookProgress:
    """The event that a code cell is about to run.

    Attributes:
        cell: Its position among the code cells that have something to run, from 1.
        cells: How many of those there are.
        title_of_cell: The last Markdown heading above it, or its first line.
        seconds: Wall-clock time since the run began.
    """

    cell: int
    cells: int
    title_of_cell: str
    seconds: float
