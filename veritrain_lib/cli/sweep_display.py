"""Live table of a sweep on standard error, one row for each cell (a setting with a seed); plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

    from veritrain_lib.loop.sweep.cells import SweepPlan
    from veritrain_lib.loop.sweep.run import SweepEvent


class SweepDisplay:
    """Live display of the progress of a sweep's cells; a cell is one setting with one seed."""

    def __init__(self, plan: SweepPlan) -> None:
        from rich.console import Console

        self._console = Console(file=sys.stderr, highlight=False, soft_wrap=True)
        self._plan = plan
        self._states = {cell.number: "" for cell in plan.cells}
        self._live: Live | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            from rich.live import Live

            self._live = self._stack.enter_context(
                Live(self._table(), console=self._console, refresh_per_second=4, transient=True)
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def event(self, event: SweepEvent) -> None:
        """Show one event of a sweep: a cell begins, one of its stages begins or ends, or the cell is done."""
        if event.cell is None:
            self._line(event.text)
            return
        text = _text(event)
        if not text:
            return
        self._states[event.cell.number] = text
        if self._live is not None:
            self._live.update(self._table())
        elif event.kind != "stage":
            self._line(f"cell {event.cell.number} of {len(self._plan.cells)} · {event.cell.label}: {text}")

    def _line(self, text: str) -> None:
        self._console.print(text, markup=False)

    def _table(self) -> Table:
        from rich.box import SIMPLE_HEAD
        from rich.markup import escape
        from rich.table import Table

        table = Table("cell", "settings", "seed", "state", box=SIMPLE_HEAD)
        height = max(5, self._console.height - 5)
        for number in _window(list(self._states), self._current(), height):
            cell = self._plan.cells[number - 1]
            table.add_row(str(number), escape(cell.arm), str(cell.seed), escape(self._states[number]))
        return table

    def _current(self) -> int:
        """Return the highest number of a cell that has begun; 1 if none has."""
        return max((number for number, state in self._states.items() if state), default=1)


def _window(numbers: Sequence[int], current: int, height: int) -> Sequence[int]:
    """Return the numbers of the cells that fit on the screen, the current one among them.

    Args:
        numbers: Numbers of all cells.
        current: Number of the current cell.
        height: Number of rows on the screen.
    """
    start = max(0, min(current - height + 2, len(numbers) - height))
    return numbers[start : start + height]


def _text(event: SweepEvent) -> str:
    if event.kind == "begin":
        return "begins"
    if event.kind == "stage" and event.stage is not None:
        stage = event.stage
        return f"round {stage.round} · {stage.stage}" if stage.kind != "waits" else stage.text
    if event.outcome is None:
        return ""
    known = "found in the record, " if event.kind == "stored" else ""
    return f"{known}{event.outcome.state}: {event.outcome.note}"
