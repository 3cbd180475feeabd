"""Runs the cells one after another, each until it ends, its time is up, its kernel dies or a stop is asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbclient.exceptions import (
    CellExecutionError,
    CellTimeoutError,
    DeadKernelError,
)
from nbformat import NotebookNode

from veritrain_lib.execution.cancellation import Stop
from veritrain_lib.execution.cell_states import CellStates, has_something_to_run
from veritrain_lib.execution.cell_status import FINISHED, show_reason, verdict
from veritrain_lib.execution.exit_reason import Ending
from veritrain_lib.execution.kernel import Kernel, KernelNotStarted, logger
from veritrain_lib.execution.outcome import Progress
from veritrain_lib.execution.outputs import OutputKeeper
from veritrain_lib.execution.streams import merge_streams
from veritrain_lib.execution.titles import cell_titles
from veritrain_lib.redaction import redactor

INTERRUPT_GRACE_S = 5.0
"""How long an interrupted cell may take to clean up before its kernel is killed."""

START_TIMEOUT_S = 60.0
"""How long a kernel may take to start, unless told otherwise."""

SHUTDOWN_GRACE_S = 10.0
"""How long an idle kernel may take for its `atexit` handlers."""

BEGIN_GRACE_S = 1.0
"""How long an idle kernel may take to begin with a cell."""

OUTPUT_GRACE_S = 60.0
"""How long the outputs of a cell may trail behind its reply."""


class CellRunner(OutputKeeper):
    """One execution of one notebook on one kernel of its own."""

    def __init__(
        self,
        states: CellStates,
        *,
        kernel_name: str | None = None,
        warm: bool = False,
        cwd: Path | None = None,
        environment: dict[str, str] | None = None,
        cell_timeout_s: float | None = None,
        start_timeout_s: float | None = None,
        **options: Any,
    ) -> None:
        """Prepare; `run` starts the kernel.

        Args:
            states: The notebook and the file it is saved to.
            kernel_name: An installed kernel spec; None for this interpreter.
            warm: Fork this interpreter's kernel instead of starting it.
            cwd: Working directory of the kernel; None for this process's.
            environment: Added to the kernel's environment.
            cell_timeout_s: Longest time one cell may run, in seconds; None for no limit.
            start_timeout_s: Longest time the kernel may take to start, in seconds; None for
                `START_TIMEOUT_S`.
            options: papermill's and nbclient's own (`log_output`, `store_widget_state`, ...).
        """
        super().__init__(
            states,
            log=logger,
            on_cell_executed=self._keep_reply,
            iopub_timeout=OUTPUT_GRACE_S,
            **options,
        )
        self._states = states
        self._redactor = redactor(environment)
        states.hide(self._redactor)
        self.kernel = Kernel(kernel_name, warm=warm)
        self._cwd, self._environment = cwd, dict(environment or {})
        self._cell_timeout_s = cell_timeout_s
        self._start_timeout_s = START_TIMEOUT_S if start_timeout_s is None else start_timeout_s
        self._reply: dict[str, Any] = {}

    async def run_and_save(self, stop: Stop, emit: Callable[[Progress], None]) -> Ending:
        """As `run`, and write how it ended into the notebook and its file, whatever happens."""
        try:
            ending = await self.run(stop, emit)
            ending = replace(ending, message=self._redactor(ending.message))
        except Exception as error:  # not the notebook's doing: a full disk, a mistake here
            broken = Ending("interrupted", type(error).__name__, str(error))
            self._states.finish(broken, broken.line(self._environment))
            raise
        self._states.finish(ending, ending.line(self._environment))
        return ending

    async def run(self, stop: Stop, emit: Callable[[Progress], None]) -> Ending:
        """Start the kernel, run the cells, end the kernel.

        Args:
            stop: When asked, the running cell is interrupted and the run ends.
            emit: Gets a `Progress` before each code cell.

        Raises:
            OSError: The notebook could not be saved. The kernel has ended then, too.
        """
        idle = False
        try:
            ending = await self._start(stop)
            if ending is FINISHED:
                ending = await self._run_cells(stop, emit)
                idle = True
            return ending
        finally:
            try:
                await self.kernel.end(polite_s=SHUTDOWN_GRACE_S if idle and stop.times < 2 else 0)
                self.take_late(await self.kernel.late_messages())
            finally:
                await self.kernel.close()

    async def _start(self, stop: Stop) -> Ending:
        started = asyncio.ensure_future(
            self.kernel.start(cwd=self._cwd, environment=self._environment, timeout_s=self._start_timeout_s)
        )
        asked = asyncio.ensure_future(stop.asked())
        await asyncio.wait({started, asked}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if not started.done():
            started.cancel()
            await asyncio.wait({started})
            return self._interrupted(stop, None)
        try:
            started.result()
        except KernelNotStarted as error:
            return Ending("died", "KernelDied", f"the kernel did not start: {error}")
        self.km, self.kc = self.kernel.manager, self.kernel.client
        self.nb.metadata["language_info"] = self.kernel.language_info
        return FINISHED

    async def _run_cells(self, stop: Stop, emit: Callable[[Progress], None]) -> Ending:
        titles = cell_titles(self.nb)
        total = sum(has_something_to_run(cell) for cell in self.nb.cells)
        place = 0
        for index, cell in enumerate(self.nb.cells):
            if not has_something_to_run(cell):
                self.nb_man.cell_skipped(cell)
                continue
            if stop.times:
                return self._interrupted(stop, None)
            if await self.kernel.exit_code() is not None:
                return Ending("died", "KernelDied", f"{self.kernel.death()} between two cells")
            place += 1
            self.nb_man.cell_start(cell, index)
            passed = (self.nb_man.now() - self.nb_man.start_time).total_seconds()
            emit(Progress(place, total, titles[index], passed))
            ending = await self._run_cell(cell, index, stop)
            merge_streams(cell, index, self._display_id_map)
            if ending is not FINISHED:
                words = self.kernel.last_words() if ending.status != "failed" else ""
                show_reason(cell, ending, words)
                self.nb_man.cell_exception(cell, cell_index=index)
            self.nb_man.cell_complete(cell, cell_index=index)
            if ending is not FINISHED:
                return ending
        if not await self.kernel.answers(SHUTDOWN_GRACE_S):
            return Ending("died", "KernelDied", f"{self.kernel.death()} after the last cell")
        self.set_widgets_metadata()
        return FINISHED

    async def _run_cell(self, cell: NotebookNode, index: int, stop: Stop) -> Ending:
        """Run one cell until it ends, its time is up, its kernel dies or a stop is asked."""
        self._reply = {}
        execution = asyncio.ensure_future(self.async_execute_cell(cell, index))
        death = asyncio.ensure_future(self.kernel.ended())
        asked = asyncio.ensure_future(stop.asked())
        try:
            await asyncio.sleep(0)  # the cell is sent
            self._states.save()
            await asyncio.wait(
                {execution, death, asked},
                timeout=self._cell_timeout_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if death.done() and not execution.done():
                await asyncio.wait({execution}, timeout=0.3)  # outputs still on their way
            if execution.done():
                return await self._judge(cell, index, execution)
            if death.done():
                return self._died(index)
            await self._interrupt(cell, execution, stop)
            if asked.done():
                return self._interrupted(stop, index)
            message = f"cell {index} ran longer than {self._cell_timeout_s:g} s and was stopped"
            return Ending("timed_out", "CellTimedOut", message, index)
        finally:
            death.cancel()
            asked.cancel()
            execution.cancel()
            await asyncio.gather(execution, return_exceptions=True)

    async def _interrupt(self, cell: NotebookNode, execution: asyncio.Future[Any], stop: Stop) -> None:
        """Stop a running cell: by KeyboardInterrupt, so that it can clean up; else by force."""
        # An interrupt that comes before the kernel has begun with the cell is lost.
        deadline = time.monotonic() + BEGIN_GRACE_S
        while "iopub.execute_input" not in cell.metadata.execution and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        await self.kernel.interrupt()
        again = asyncio.ensure_future(stop.asked_again())
        await asyncio.wait({execution, again}, timeout=INTERRUPT_GRACE_S, return_when=asyncio.FIRST_COMPLETED)
        again.cancel()
        if not execution.done():
            await self.kernel.tell_where()
            await self.kernel.kill()

    async def _judge(self, cell: NotebookNode, index: int, execution: asyncio.Future[Any]) -> Ending:
        """How a cell that came to its end ended."""
        try:
            execution.result()
        except DeadKernelError:
            await self.kernel.exit_code()
            return self._died(index)
        except CellTimeoutError:
            late = f"the outputs of cell {index} did not arrive within {OUTPUT_GRACE_S:g} s"
            return Ending("failed", "OutputsLost", late, index)
        except CellExecutionError:
            pass  # the reply says it, see below
        return verdict(cell, index, self._reply)

    def _died(self, index: int) -> Ending:
        return Ending("died", "KernelDied", f"{self.kernel.death()} during cell {index}", index)

    def _interrupted(self, stop: Stop, index: int | None) -> Ending:
        return Ending("interrupted", "Interrupted", f"stopped by {stop.reason}", index)

    def _keep_reply(self, execute_reply: dict[str, Any], **_: Any) -> None:
        self._reply = execute_reply["content"]
