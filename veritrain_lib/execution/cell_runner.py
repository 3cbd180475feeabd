"""Loop that runs a notebook's cells one after another on a kernel.

Each cell runs until it ends, exceeds its time limit, its kernel dies or a stop is requested.
"""

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

from veritrain_lib.execution.cancellation import StopRequest
from veritrain_lib.execution.cell_states import CellStates, has_something_to_run
from veritrain_lib.execution.cell_status import FINISHED, add_error_output, cell_exit_reason
from veritrain_lib.execution.exit_reason import ExitReason
from veritrain_lib.execution.kernel import Kernel, KernelNotStarted, logger
from veritrain_lib.execution.outcome import NotebookProgress
from veritrain_lib.execution.outputs import OutputCollector
from veritrain_lib.execution.titles import cell_titles
from veritrain_lib.redaction import redactor

INTERRUPT_GRACE_S = 5.0
"""Seconds that an interrupted cell may take to clean up before its kernel is killed."""

START_TIMEOUT_S = 60.0
"""Default time limit, in seconds, for the start of a kernel."""

SHUTDOWN_GRACE_S = 10.0
"""Seconds that an idle kernel may take to run its `atexit` handlers before it is killed."""

BEGIN_GRACE_S = 1.0
"""Seconds to wait for an idle kernel to begin a cell before the cell is interrupted."""

OUTPUT_GRACE_S = 60.0
"""Seconds within which the outputs of a cell must arrive after the kernel's reply that the cell has ended."""


class CellRunner(OutputCollector):
    """One execution of one notebook on a kernel of its own."""

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
        """Prepare the execution; `run` starts the kernel.

        Args:
            states: The notebook and the file it is saved to.
            kernel_name: Name of an installed kernel spec; None for a kernel of this Python interpreter.
            warm: Whether to fork the kernel from a process that has imported the libraries, instead of starting it.
            cwd: Working directory of the kernel; None for this process's.
            environment: Variables added to the kernel's environment.
            cell_timeout_s: Time limit of each cell in seconds; None for no limit.
            start_timeout_s: Time limit of the kernel's start in seconds; None for `START_TIMEOUT_S`.
            options: Options of papermill and nbclient (`log_output`, `store_widget_state`, ...).
        """
        super().__init__(
            states,
            log=logger,
            on_cell_executed=self._store_reply,
            iopub_timeout=OUTPUT_GRACE_S,
            **options,
        )
        self._states = states
        self._redactor = redactor(environment)
        states.use_redactor(self._redactor)
        self.kernel = Kernel(kernel_name, warm=warm)
        self._cwd, self._environment = cwd, dict(environment or {})
        self._cell_timeout_s = cell_timeout_s
        self._start_timeout_s = START_TIMEOUT_S if start_timeout_s is None else start_timeout_s
        self._reply: dict[str, Any] = {}

    async def run_and_save(self, stop: StopRequest, emit: Callable[[NotebookProgress], None]) -> ExitReason:
        """Run the notebook and save in its file how it ended, even if this engine fails.

        Args:
            stop: When a stop is requested, the running cell is interrupted and the run ends.
            emit: Called with a `NotebookProgress` before each code cell.

        Returns:
            The reason why the run ended, with secrets masked.
        """
        try:
            exit_reason = await self.run(stop, emit)
            exit_reason = replace(exit_reason, message=self._redactor(exit_reason.message))
        except Exception as error:  # not caused by the notebook: a full disk, a bug here
            failure = ExitReason("interrupted", type(error).__name__, str(error))
            self._states.finish(failure, failure.line(self._environment))
            raise
        self._states.finish(exit_reason, exit_reason.line(self._environment))
        return exit_reason

    async def run(self, stop: StopRequest, emit: Callable[[NotebookProgress], None]) -> ExitReason:
        """Start a kernel, run the notebook's cells on it, and end the kernel.

        Args:
            stop: When a stop is requested, the running cell is interrupted and the run ends.
            emit: Called with a `NotebookProgress` before each code cell.

        Returns:
            The reason why the run ended; `FINISHED` if all cells ran.

        Raises:
            OSError: The notebook could not be saved. The kernel has ended in that case, too.
        """
        idle = False
        try:
            exit_reason = await self._start(stop)
            if exit_reason is FINISHED:
                exit_reason = await self._run_cells(stop, emit)
                idle = True
            return exit_reason
        finally:
            try:
                await self.kernel.end(grace_s=SHUTDOWN_GRACE_S if idle and stop.count < 2 else 0)
                self.collect_late_messages(await self.kernel.late_messages())
            finally:
                await self.kernel.close()

    async def _start(self, stop: StopRequest) -> ExitReason:
        started = asyncio.ensure_future(
            self.kernel.start(cwd=self._cwd, environment=self._environment, timeout_s=self._start_timeout_s)
        )
        stop_requested = asyncio.ensure_future(stop.wait_requested())
        await asyncio.wait({started, stop_requested}, return_when=asyncio.FIRST_COMPLETED)
        stop_requested.cancel()
        if not started.done():
            started.cancel()
            await asyncio.wait({started})
            return self._interrupted(stop, None)
        try:
            started.result()
        except KernelNotStarted as error:
            return ExitReason("died", "KernelDied", f"the kernel did not start: {error}")
        self.km, self.kc = self.kernel.manager, self.kernel.client
        self.nb.metadata["language_info"] = self.kernel.language_info
        return FINISHED

    async def _run_cells(self, stop: StopRequest, emit: Callable[[NotebookProgress], None]) -> ExitReason:
        titles = cell_titles(self.nb)
        total = sum(has_something_to_run(cell) for cell in self.nb.cells)
        position = 0
        for index, cell in enumerate(self.nb.cells):
            if not has_something_to_run(cell):
                self.nb_man.cell_skipped(cell)
                continue
            if stop.count:
                return self._interrupted(stop, None)
            if await self.kernel.exit_code() is not None:
                return ExitReason("died", "KernelDied", f"{self.kernel.describe_exit()} between two cells")
            position += 1
            self.nb_man.cell_start(cell, index)
            seconds = (self.nb_man.now() - self.nb_man.start_time).total_seconds()
            emit(NotebookProgress(position, total, titles[index], seconds))
            exit_reason = await self._run_cell(cell, index, stop)
            if exit_reason is not FINISHED:
                output_tail = self.kernel.output_tail() if exit_reason.status != "failed" else ""
                add_error_output(cell, exit_reason, output_tail)
                self.nb_man.cell_exception(cell, cell_index=index)
            self.nb_man.cell_complete(cell, cell_index=index)
            if exit_reason is not FINISHED:
                return exit_reason
        if not await self.kernel.responds(SHUTDOWN_GRACE_S):
            return ExitReason("died", "KernelDied", f"{self.kernel.describe_exit()} after the last cell")
        self.set_widgets_metadata()
        return FINISHED

    async def _run_cell(self, cell: NotebookNode, index: int, stop: StopRequest) -> ExitReason:
        """Run one cell until it ends, exceeds its time limit, its kernel dies or a stop is requested.

        Returns:
            The reason why it ended; `FINISHED` if it succeeded.
        """
        self._reply = {}
        execution = asyncio.ensure_future(self.async_execute_cell(cell, index))
        death = asyncio.ensure_future(self.kernel.wait_ended())
        stop_requested = asyncio.ensure_future(stop.wait_requested())
        try:
            await asyncio.sleep(0)  # lets the cell be sent
            self._states.save()
            await asyncio.wait(
                {execution, death, stop_requested},
                timeout=self._cell_timeout_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if death.done() and not execution.done():
                await asyncio.wait({execution}, timeout=0.3)  # outputs still on their way
            if execution.done():
                return await self._result_of(cell, index, execution)
            if death.done():
                return self._kernel_died(index)
            await self._interrupt(cell, execution, stop)
            if stop_requested.done():
                return self._interrupted(stop, index)
            message = f"cell {index} ran longer than {self._cell_timeout_s:g} s and was stopped"
            return ExitReason("timed_out", "CellTimedOut", message, index)
        finally:
            death.cancel()
            stop_requested.cancel()
            execution.cancel()
            await asyncio.gather(execution, return_exceptions=True)

    async def _interrupt(self, cell: NotebookNode, execution: asyncio.Future[Any], stop: StopRequest) -> None:
        """Stop a running cell by a KeyboardInterrupt, so that it can clean up.

        If it has not ended after `INTERRUPT_GRACE_S`, or at once if a stop is requested twice, its kernel is killed.
        """
        # An interrupt that arrives before the kernel has begun the cell is lost.
        deadline = time.monotonic() + BEGIN_GRACE_S
        while "iopub.execute_input" not in cell.metadata.execution and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        await self.kernel.interrupt()
        forced = asyncio.ensure_future(stop.wait_forced())
        await asyncio.wait(
            {execution, forced}, timeout=INTERRUPT_GRACE_S, return_when=asyncio.FIRST_COMPLETED
        )
        forced.cancel()
        if not execution.done():
            await self.kernel.dump_traceback()
            await self.kernel.kill()

    async def _result_of(self, cell: NotebookNode, index: int, execution: asyncio.Future[Any]) -> ExitReason:
        """Return the reason why a cell ended, from its finished execution."""
        try:
            execution.result()
        except DeadKernelError:
            await self.kernel.exit_code()
            return self._kernel_died(index)
        except CellTimeoutError:
            message = f"the outputs of cell {index} did not arrive within {OUTPUT_GRACE_S:g} s"
            return ExitReason("failed", "OutputsLost", message, index)
        except CellExecutionError:
            pass  # the reply contains the error, see below
        return cell_exit_reason(cell, index, self._reply)

    def _kernel_died(self, index: int) -> ExitReason:
        return ExitReason("died", "KernelDied", f"{self.kernel.describe_exit()} during cell {index}", index)

    def _interrupted(self, stop: StopRequest, index: int | None) -> ExitReason:
        return ExitReason("interrupted", "Interrupted", f"stopped by {stop.reason}", index)

    def _store_reply(self, execute_reply: dict[str, Any], **_: Any) -> None:
        self._reply = execute_reply["content"]
