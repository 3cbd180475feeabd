"""Live progress on standard error: a moving line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import logging
import sys
import time
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.status import Status

    from veritrain_lib.execution.outcome import Progress
    from veritrain_lib.loop.loop import Event


class Watch:
    """Context that shows what a loop or a stage is doing. Each finished stage leaves one line."""

    def __init__(self) -> None:
        from rich.console import Console

        # Bound now: while a command works, standard output points at standard error.
        self._console = Console(file=sys.stderr, highlight=False, soft_wrap=True)
        self._status: Status | None = None
        self._stack = ExitStack()
        self._began: dict[str, float] = {}

    def __enter__(self) -> Self:
        log = logging.getLogger("veritrain")
        told = _Lines(self)
        log.addHandler(told)
        self._stack.callback(log.removeHandler, told)
        if self._console.is_terminal:
            self._status = self._stack.enter_context(self._console.status("looking at the record"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def event(self, event: Event) -> None:
        """What the loop tells: a stage begins, a cell of its notebook starts, it is done or was found."""
        if event.kind == "waits":
            self.line(event.text)
            return
        where = f"{'final' if event.round < 0 else f'round {event.round}'} · {event.stage}"
        if event.kind == "begin":
            self.begin(where)
        elif event.kind == "cell" and event.progress is not None:
            self.cell(where, event.progress)
        elif event.kind == "done":
            self.done(where, event.text)
        elif event.kind == "stored":
            self.line(f"{where}: found in the record: {event.text}")

    def begin(self, where: str) -> None:
        """A stage begins."""
        self._began[where] = time.monotonic()
        if self._status is not None:
            self._status.update(_plain(where))
        else:
            self.line(f"{where} ...")

    def cell(self, where: str, progress: Progress) -> None:
        """A cell of the stage's notebook is about to run."""
        if self._status is not None:
            place = f"cell {progress.cell} of {progress.cells}, {progress.seconds:.0f} s"
            self._status.update(_plain(f"{where}: {progress.title_of_cell} ({place})"))

    def done(self, where: str, text: str) -> None:
        """A stage is done."""
        seconds = time.monotonic() - self._began.pop(where, time.monotonic())
        self.line(f"{where}: {text} ({seconds:.1f} s)")

    def line(self, text: str) -> None:
        """One line that stays."""
        self._console.print(text, markup=False)


class _Lines(logging.Handler):
    """What the library warns of, as lines between the others."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(logging.WARNING)
        self._watch = watch

    def emit(self, record: logging.LogRecord) -> None:
        """One line a warning."""
        self._watch.line(record.getMessage())


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)
