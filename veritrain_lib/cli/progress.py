"""Live progress of a command on standard error: a changing line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import logging
import sys
import time
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.status import Status

    from veritrain_lib.execution.outcome import NotebookProgress
    from veritrain_lib.loop.loop import Event


class ProgressDisplay:
    """Live display of the progress of a loop or a stage on standard error; each finished stage leaves one line."""

    def __init__(self) -> None:
        from rich.console import Console

        # Bound now: while a command works, standard output is redirected to standard error.
        self._console = Console(file=sys.stderr, highlight=False, soft_wrap=True)
        self._status: Status | None = None
        self._stack = ExitStack()
        self._started_at: dict[str, float] = {}

    def __enter__(self) -> Self:
        log = logging.getLogger("veritrain")
        handler = _WarningLines(self)
        log.addHandler(handler)
        self._stack.callback(log.removeHandler, handler)
        if self._console.is_terminal:
            self._status = self._stack.enter_context(self._console.status("reading the record"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def event(self, event: Event) -> None:
        """Show one event of a loop: a stage begins, waits, is done or was found finished, or its next cell starts."""
        if event.kind == "waits":
            self.line(event.text)
            return
        stage = f"{'final' if event.round < 0 else f'round {event.round}'} · {event.stage}"
        if event.kind == "begin":
            self.begin(stage)
        elif event.kind == "cell" and event.progress is not None:
            self.cell(stage, event.progress)
        elif event.kind == "done":
            self.done(stage, event.text)
        elif event.kind == "stored":
            self.line(f"{stage}: found in the record: {event.text}")

    def begin(self, stage: str) -> None:
        """Show on standard error that a stage begins."""
        self._started_at[stage] = time.monotonic()
        if self._status is not None:
            self._status.update(_escape_markup(stage))
        else:
            self.line(f"{stage} ...")

    def cell(self, stage: str, progress: NotebookProgress) -> None:
        """Show on a terminal's progress line that a cell of the stage's notebook is about to run."""
        if self._status is not None:
            position = f"cell {progress.cell} of {progress.cells}, {progress.seconds:.0f} s"
            self._status.update(_escape_markup(f"{stage}: {progress.title_of_cell} ({position})"))

    def done(self, stage: str, text: str) -> None:
        """Print a line that a stage is done, with its headline and its duration."""
        seconds = time.monotonic() - self._started_at.pop(stage, time.monotonic())
        self.line(f"{stage}: {text} ({seconds:.1f} s)")

    def line(self, text: str) -> None:
        """Print a line that stays on the screen, above the changing progress line."""
        self._console.print(text, markup=False)


class _WarningLines(logging.Handler):
    """Log handler that prints warnings of this library as lines of a progress display."""

    def __init__(self, display: ProgressDisplay) -> None:
        super().__init__(logging.WARNING)
        self._display = display

    def emit(self, record: logging.LogRecord) -> None:
        """Print the message of a log record as one line."""
        self._display.line(record.getMessage())


def _escape_markup(text: str) -> str:
    from rich.markup import escape

    return escape(text)
