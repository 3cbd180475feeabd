"""Execution of several notebooks at once, with the machine's threads divided among them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from veritrain_lib.core.cpu_count import usable_cores
from veritrain_lib.fast.warm.stack import THREADS

if TYPE_CHECKING:
    from veritrain_lib.execution.cancellation import StopRequest
    from veritrain_lib.execution.outcome import NotebookOutcome, NotebookProgress
    from veritrain_lib.execution.prepared_notebook import PreparedNotebook

Update: TypeAlias = "tuple[int, NotebookProgress | NotebookOutcome]"
"""Index of a notebook, with its progress while it runs or its outcome when it has ended."""

MEMORY_PER_KERNEL = 700 * 2**20
"""Bytes of memory to reserve for each running notebook: the measured peak of training a small model, plus a margin."""


def capacity() -> int:
    """Return how many notebooks this machine can run at once, limited by its cores and its free memory; at least 1."""
    import psutil

    return max(1, min(usable_cores(), int(psutil.virtual_memory().available) // MEMORY_PER_KERNEL))


def thread_limits(at_once: int) -> dict[str, str]:
    """Return environment variables that give each of `at_once` notebooks an equal share of the cores.

    The variables limit the threads of BLAS and OpenMP. The result is empty for one notebook, which may use all cores.
    Variables that this process's environment sets are left out, so they keep their values.
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
    """Run notebooks, several at once, and return their outcomes in the same order.

    A notebook that fails does not stop the others. A signal, or a callback that raises, interrupts all running
    notebooks and starts no more.

    Args:
        prepared: The notebooks.
        at_once: Maximum number of notebooks that run at the same time; 0 for `capacity()`.
        on_progress: Called with a notebook's index and its progress before each of its code cells, in the calling
            thread.
        on_done: Called with a notebook's index and outcome as soon as it has ended, in the calling thread.
        await_exits: Whether to wait until all processes of the kernels have ended. If not, the caller must call
            `process_wait.wait_for_exits` later; when an exception is raised they have ended in any case.

    Raises:
        KeyboardInterrupt: This process got Ctrl-C, SIGTERM or SIGHUP; all kernels have ended.
        OSError: A notebook could not be saved; the others ran to their ends.
    """
    from veritrain_lib.execution.cancellation import run_cancellable
    from veritrain_lib.execution.outcome import NotebookProgress
    from veritrain_lib.execution.process_wait import wait_for_exits

    def forward(event: Update) -> None:
        index, update = event
        if isinstance(update, NotebookProgress):
            if on_progress is not None:
                on_progress(index, update)
        elif on_done is not None:
            on_done(index, update)

    try:
        _, stop = run_cancellable(partial(_run_in_slots, prepared, at_once or capacity()), forward)
        stop.raise_if_requested()
    except BaseException:
        await_exits = True
        raise
    finally:
        if await_exits:
            wait_for_exits()
    return [notebook.outcome() for notebook in prepared]


async def _run_in_slots(
    prepared: Sequence[PreparedNotebook], slots: int, stop: StopRequest, emit: Callable[[Update], None]
) -> None:
    """Run all notebooks, at most `slots` at the same time; when all have ended, raise the first error if there was one.

    Args:
        prepared: The notebooks.
        slots: Maximum number of notebooks that run at the same time.
        stop: After a stop is requested, no further notebook is started.
        emit: Called with each `Update`.
    """
    slots = max(1, min(slots, len(prepared)))
    limits = thread_limits(slots)
    free_slots = asyncio.Semaphore(slots)

    async def run_notebook(index: int, notebook: PreparedNotebook) -> None:
        async with free_slots:
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
