"""Result types of a notebook's run: how it ended, and its progress while it runs.

`NotebookOutcome` is all that the rest of the project reads about an execution. There are several statuses because a
person does different things next: a `failed` cell is a bug to read, a `timed_out` one may need more time, a kernel that
`died` is often out of memory, an `interrupted` run is to be resumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

RunStatus = Literal["finished", "failed", "timed_out", "died", "interrupted"]
"""Status of a notebook's run.

finished     every cell that had something to run ran, and none raised
failed       a cell raised, called `sys.exit` or `exit()`, or a magic in it failed
timed_out    a cell ran longer than allowed and was stopped
died         the kernel process ended by itself or was killed, or never started
interrupted  this process was asked to stop (Ctrl-C, SIGTERM, SIGHUP)
"""


@dataclass(frozen=True)
class NotebookOutcome:
    """Result of one notebook execution: how it ended, and why.

    Attributes:
        status: Status of the run; see `RunStatus`.
        executed: The executed notebook's file, which is saved even if the run failed.
        seconds: Wall-clock time of the run, including start and end of the kernel.
        error: None exactly when `status` is `finished`; otherwise one line `ExceptionType: message` with secrets
            masked.
        failed_cell: Index in `executed` (all cells counted, from 0) of the cell that was running when the run failed;
            None when no cell was running.
        cells_run: Number of code cells that ran to their end without failing; equals `cells_total` when `status` is
            `finished`.
        cells_total: Number of code cells that are neither empty nor tagged `skip-execution`, including the cell with
            injected parameters.
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
        """Whether the notebook finished: every cell ran and none failed."""
        return self.status == "finished"


@dataclass(frozen=True)
class NotebookProgress:
    """Progress of a notebook's run, reported each time before a code cell runs.

    Attributes:
        cell: Number of that cell among the code cells that have something to run, from 1.
        cells: Number of code cells that have something to run.
        title_of_cell: The last Markdown heading above the cell, or the cell's first line.
        seconds: Wall-clock time since the run began.
    """

    cell: int
    cells: int
    title_of_cell: str
    seconds: float
