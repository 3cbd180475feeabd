"""Papermill engine that reports truthfully how a notebook ended.

`register_engine()` makes it papermill's engine `veritrain`; nothing happens at import. Under plain papermill every run
that did not finish raises an error, so the command line's exit code is right too.
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
"""Name of the engine in papermill."""


class NotebookNotFinished(PapermillExecutionError):  # type: ignore[misc]  # papermill is untyped
    """Error: a notebook failed, timed out or lost its kernel; the executed notebook is saved.

    It derives from papermill's own error class, so code written for papermill catches it.

    Attributes:
        exit_reason: The reason why the run ended.
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
    """Papermill engine that runs each notebook on its own kernel and raises an error for a run that did not finish."""

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
        """Run a notebook, save it to `output_path` and return it executed; papermill calls this method.

        Args:
            nb: The notebook.
            kernel_name: Name of a kernel spec. It is only used together with the option `use_installed_kernel=True`;
                otherwise the kernel is one of this Python interpreter.
            output_path: The file to save to.
            progress_bar: As in papermill.
            log_output: As in papermill.
            autosave_cell_every: As in papermill.
            options: `execution_timeout` (time limit of each cell in seconds), `start_timeout` (of the kernel's start),
                `cwd`, `environment`, `on_progress`, `warm` (whether to fork the kernel); others are passed to nbclient.

        Raises:
            NotebookNotFinished: The notebook failed, timed out or its kernel died.
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
        """Run the cells of a prepared notebook and raise an error unless it finished.

        It has the signature that papermill requires; for the options see `execute_notebook`.

        Args:
            nb_man: The notebook with the states of its cells.
            kernel_name: As in `execute_notebook`.
            log_output: As in papermill.
            stdout_file: As in papermill.
            stderr_file: As in papermill.
            start_timeout: Time limit of the kernel's start in seconds; None for the default.
            execution_timeout: Time limit of each cell in seconds; None for no limit.
            options: As in `execute_notebook`.

        Raises:
            NotebookNotFinished: The notebook failed, timed out or its kernel died.
            KeyboardInterrupt: This process was asked to stop; the notebook is saved.
        """
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
