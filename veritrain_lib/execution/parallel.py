"""Several notebooks at once, as many as the machine bears, with its threads divided among them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from veritrain_lib.core.cpu_count import usable_cores
from veritrain_lib.execution.warm.stack import THREADS

if TYPE_CHECKING:
    from veritrain_lib.execution.cancellation import Stop
    from veritrain_lib.execution.outcome import NotebookOutcome, Progress
    from veritrain_lib.execution.prepared_notebook import Prepared

MEMORY_OF_A_KERNEL = 700 * 2**20
"""Bytes to count on for a notebook that trains a small student: its peak, measured, with room to spare."""


def capacity() -> int:
    """How many notebooks this machine bears at once: by the cores this process may use and by free memory."""
    import psutil

    return max(1, min(usable_cores(), int(psutil.virtual_memory().available) // MEMORY_OF_A_KERNEL))


def thread_limits(at_once: int) -> dict[str, str]:
    """Environment that gives each of `at_once` notebooks its share of the cores for BLAS and OpenMP.

    Empty for one notebook, which may use them all; a limit that this process has already is kept.
    """
    if at_once < 2:
        return {}
    share = str(max(1, usable_cores() // at_once))
    return {name: share for name in THREADS if name not in os.environ}


def execute_all(
    prepared: Sequence[Prepared],
    *,
    at_once: int = 0,
    on_progress: Callable[[int, Progress], None] | None = None,
    on_done: Callable[[int, NotebookOutcome], None] | None = None,
    until_gone: bool = True,
) -> list[NotebookOutcome]:
    """Run notebooks, several at once; gives their outcomes in order.

    A notebook that fails does not stop the others. A signal, or a callback that raises, interrupts all that
    run and begins no more.

    Args:
        prepared: The notebooks.
        at_once: How many at most; 0 for `capacity()`.
        on_progress: Called with a notebook's place and its progress before each of its code cells, in the
            calling thread.
        on_done: Called with a notebook's place and outcome as soon as it has ended, in the calling thread.
        until_gone: Whether to return only when nothing is left of the kernels' processes. If not, the caller calls
            `process_end.wait_until_gone` in the end; what is raised waits for it all the same.

    Raises:
        KeyboardInterrupt: This process got Ctrl-C, SIGTERM or SIGHUP; all kernels have ended.
        OSError: A notebook could not be saved; the others were run to their ends.
    """
    from veritrain_lib.execution.cancellation import run_stoppable
    from veritrain_lib.execution.outcome import Progress
    from veritrain_lib.execution.process_wait import wait_until_gone

    width = max(1, min(at_once or capacity(), len(prepared)))
    limits = thread_limits(width)

    async def work(stop: Stop, emit: Callable[[tuple[int, Progress | NotebookOutcome]], None]) -> None:
        turn = asyncio.Semaphore(width)

        async def one(place: int, notebook: Prepared) -> None:
            async with turn:
                if stop.reason is None:
                    runner = notebook.begin(limits)
                    await runner.run_and_save(stop, lambda progress: emit((place, progress)))
                    emit((place, notebook.outcome()))

        ended = await asyncio.gather(
            *(one(place, notebook) for place, notebook in enumerate(prepared)), return_exceptions=True
        )
        for failure in ended:
            if failure is not None:
                raise failure

    def tell(event: tuple[int, Progress | NotebookOutcome]) -> None:
        place, what = event
        if isinstance(what, Progress):
            if on_progress is not None:
                on_progress(place, what)
        elif on_done is not None:
            on_done(place, what)

    try:
        _, stop = run_stoppable(work, tell)
        stop.raise_if_asked()
    except BaseException:
        until_gone = True
        raise
    finally:
        if until_gone:
            wait_until_gone()
    return [notebook.outcome() for notebook in prepared]
