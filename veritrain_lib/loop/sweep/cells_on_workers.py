"""Cells of a sweep on workers: several at once, each waiting for its stages in a thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from veritrain_lib.execution.workers.remote_runner import RemoteRunner
    from veritrain_lib.loop.sweep.cells import Cell
    from veritrain_lib.loop.sweep.record import CellOutcome


AT_ONCE = 8
"""Cells that wait for workers at once; how many stages run is up to the workers, which may come and go."""


def run_cells(
    cells: Sequence[Cell], run_cell: Callable[[Cell], CellOutcome], runner: RemoteRunner
) -> dict[str, CellOutcome]:
    """Run cells of a sweep, several at once, and return their outcomes by the cells' keys.

    If a cell raises an error, or this process is interrupted, the stages that run on workers are stopped first.

    Args:
        cells: The cells.
        run_cell: Function that runs one cell; it is called in several threads.
        runner: The runner that `run_cell` uses.

    Raises:
        Exception: Any error that `run_cell` raised.
        KeyboardInterrupt: This process was interrupted.
    """
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="veritrain cell") as pool:
        running = [(cell, pool.submit(run_cell, cell)) for cell in cells]
        try:
            return {cell.key: future.result() for cell, future in running}
        except BaseException:
            runner.stop()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
