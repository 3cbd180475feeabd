"""Execution of several notebooks at once, with the machine's threads divided among them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from veritrain_lib.core.cpu_count import usable_cores
from veritrain_lib.fast.warm.stack import THREADS

if TYPE_CHECKING:
    from veritrain_lib.execution.cancellation import StopRequest
    from veritrain_lib.execution.outcome import NotebookOutcome, NotebookProgress
    from veritrain_lib.execution.prepared_notebook import PreparedNotebook

MEMORY_PER_KERNEL = 700 * 2**20
"""Bytes to reserve for a notebook that trains a small student: its measured peak, with a margin."""


def capacity() -> int:
    """Return how many notebooks this machine can run at once, by usable cores and free memory."""
    import psutil

    return max(1, min(usable_cores(), int(psutil.virtual_memory().available) // MEMORY_PER_KERNEL))


def thread_limits(at_once: int) -> dict[str, str]:
    """Return the environment that gives each of `at_once` notebooks its share of the cores.

    It limits the threads of BLAS and OpenMP. Empty for one notebook, which may use them all; a limit that this process
    has already is kept.
    """
    if at_once < 2:
        return {}
    share = str(max(1, usable_cores() // at_once))
    return {name: share for name in THREADS if name not in os.environ}


def execute_all(
    prepared: Sequence[PreparedNotebook],
    *,
    at_once: int = 0,
    on_progress: Callable[[int, NotebookProgress], None] | None = None,
    on_done: Callable[[int, NotebookOutcome], None] | None = None,
    await_exits: bool = True,
) -> list[NotebookOutcome]:
    """Run notebooks, several at once; return their outcomes in order.

    A notebook that fails does not stop the others. A signal, or a callback that raises, interrupts all that
    run and starts no more.

    Args:
        prepared: The notebooks.
        at_once: How many run at the same time at most; 0 for `capacity()`.
        on_progress: Called with a notebook's index and its progress before each of its code cells, in the
            calling thread.
        on_done: Called with a notebook's index and outcome as soon as it has ended, in the calling thread.
        await_exits: Whether to return only when all processes of the kernels are gone. If not, the caller calls
            `process_wait.wait_for_exits` in the end; before an exception is raised they are awaited all the same.

    Raises:
        KeyboardInterrupt: This process got Ctrl-C, SIGTERM or SIGHUP; all kernels have ended.
        OSError: A notebook could not be saved; the others were run to their ends.
    """
    from veritrain_lib.execution.cancellation import run_cancellable
    from veritrain_lib.execution.outcome import NotebookProgress
    from veritrain_lib.execution.process_wait import wait_for_exits

    parallel = max(1, min(at_once or capacity(), len(prepared)))
    limits = thread_limits(parallel)

    async def work(
        stop: StopRequest, emit: Callable[[tuple[int, NotebookProgress | NotebookOutcome]], None]
    ) -> None:
        slots = asyncio.Semaphore(parallel)

        async def run_notebook(index: int, notebook: PreparedNotebook) -> None:
            async with slots:
                if stop.reason is None:
                    runner = notebook.start(limits)
                    await runner.run_and_save(stop, lambda progress: emit((index, progress)))
                    emit((index, notebook.outcome()))

        results = await asyncio.gather(
            *(run_notebook(index, notebook) for index, notebook in enumerate(prepared)),
            return_exceptions=True,
        )
        for failure in results:
            if failure is not None:
                raise failure

    def forward(event: tuple[int, NotebookProgress | NotebookOutcome]) -> None:
        index, update = event
        if isinstance(update, NotebookProgress):
            if on_progress is not None:
                on_progress(index, update)
        elif on_done is not None:
            on_done(index, update)

    try:
        _, stop = run_cancellable(work, forward)
        stop.raise_if_requested()
    except BaseException:
        await_exits = True
        raise
    finally:
        if await_exits:
            wait_for_exits()
    return [notebook.outcome() for notebook in prepared]
