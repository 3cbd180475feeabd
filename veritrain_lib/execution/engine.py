"""The papermill engine that reports truthfully how a notebook ended.

`register_engine()` makes it papermill's engine `veritrain`; nothing happens at
import. Under plain papermill every run that did not finish raises, so the command
line's exit code is right too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError

from veritrain_lib.execution.cancellation import run_cancellable
from veritrain_lib.execution.cell_runner import CellRunner
from veritrain_lib.execution.cell_states import CellStates
from veritrain_lib.execution.exit_reason import ExitReason

ENGINE = "veritrain"


class NotebookNotFinished(PapermillExecutionError):  # type: ignore[misc]  # papermill is untyped
    """A notebook failed, timed out or lost its kernel; the executed notebook is saved.

    It is papermill's own error class, so code written for papermill catches it.

    Attributes:
        exit_reason: How the run ended.
    """

    def __init__(self, exit_reason: ExitReason, line: str, notebook: NotebookNode) -> None:
        self.exit_reason = exit_reason
        index = exit_reason.failed_cell
        cell = notebook.cells[index] if index is not None else {}
        super().__init__(
            cell_index=index,
            exec_count=cell.get("execution_count"),
            source=cell.get("source", ""),
            ename=exit_reason.kind,
            evalue=exit_reason.message,
            traceback=[line],
        )


class TruthfulEngine(NBClientEngine):  # type: ignore[misc]  # papermill is untyped
    """An engine that runs each notebook on a kernel of its own; `cell_status` says what counts as failed."""

    @classmethod
    def execute_notebook(
        cls,
        nb: NotebookNode,
        kernel_name: str | None,
        output_path: str | None = None,
        progress_bar: bool | dict[str, Any] = True,
        log_output: bool = False,
        autosave_cell_every: int = 30,
        **options: Any,
    ) -> NotebookNode:
        """Run `nb`, save it to `output_path` and return it executed; papermill calls this.

        Args:
            nb: The notebook.
            kernel_name: Ignored unless it comes with `use_installed_kernel=True`: the
                kernel is this interpreter's, not what a kernel spec of that name points to.
            output_path: The file to save to.
            progress_bar: As in papermill.
            log_output: As in papermill.
            autosave_cell_every: As in papermill.
            options: `execution_timeout` (seconds a cell may run), `start_timeout`, `cwd`,
                `environment`, `on_progress`, `warm` (fork the kernel); others go to nbclient.

        Raises:
            NotebookNotFinished: It failed, timed out or its kernel died.
            KeyboardInterrupt: This process was asked to stop; the notebook is saved.
        """
        states = CellStates(
            nb,
            output_path=output_path,
            progress_bar=progress_bar,
            log_output=log_output,
            autosave_cell_every=autosave_cell_every,
        )
        states.notebook_start()
        cls.execute_managed_notebook(states, kernel_name, log_output=log_output, **options)
        return nb

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: CellStates,
        kernel_name: str | None,
        log_output: bool = False,
        stdout_file: Any = None,
        stderr_file: Any = None,
        start_timeout: float | None = None,
        execution_timeout: float | None = None,
        **options: Any,
    ) -> None:
        """Run the cells of `nb_man.nb`; see `execute_notebook`."""
        options.pop("input_path", None)
        on_progress = options.pop("on_progress", None)
        environment = options.pop("environment", None)
        cwd = options.pop("cwd", None)
        warm = bool(options.pop("warm", False))
        runner = CellRunner(
            nb_man,
            kernel_name=kernel_name if options.pop("use_installed_kernel", False) else None,
            warm=warm,
            cwd=Path(cwd) if cwd else None,
            environment=environment,
            cell_timeout_s=execution_timeout,
            start_timeout_s=start_timeout,
            log_output=log_output,
            stdout_file=stdout_file,
            stderr_file=stderr_file,
            **options,
        )
        exit_reason, stop = run_cancellable(runner.run_and_save, on_progress)
        stop.raise_if_requested()
        line = exit_reason.line(environment)
        if line is not None:
            raise NotebookNotFinished(exit_reason, line, nb_man.nb)


def register_engine() -> None:
    """Register `TruthfulEngine` with papermill as `veritrain` (`papermill --engine veritrain`)."""
    papermill_engines.register(ENGINE, TruthfulEngine)
