"""The papermill engine that tells the truth about how a notebook ended.

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

from veritrain_lib.execution.cancellation import run_stoppable
from veritrain_lib.execution.cell_runner import CellRunner
from veritrain_lib.execution.cell_states import CellStates
from veritrain_lib.execution.exit_reason import Ending

ENGINE = "veritrain"


class NotebookNotFinished(PapermillExecutionError):  # type: ignore[misc]  # papermill is untyped
    """A notebook failed, timed out or lost its kernel; the executed notebook is saved.

    `ending` says how. It is papermill's own error class, so code written for papermill
    catches it.
    """

    def __init__(self, ending: Ending, line: str, notebook: NotebookNode) -> None:
        self.ending = ending
        index = ending.failed_cell
        cell = notebook.cells[index] if index is not None else {}
        super().__init__(
            cell_index=index,
            exec_count=cell.get("execution_count"),
            source=cell.get("source", ""),
            ename=ending.kind,
            evalue=ending.message,
            traceback=[line],
        )


class TruthfulEngine(NBClientEngine):  # type: ignore[misc]  # papermill is untyped
    """Runs a notebook on a kernel of its own. See `verdict` for what counts as failed."""

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
        """papermill's way in: run `nb`, saving to `output_path`, and return it executed.

        Args:
            kernel_name: Ignored unless it comes with `use_installed_kernel=True`: the
                kernel is this interpreter's, not what a kernel spec of that name points to.
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
        ending, stop = run_stoppable(runner.run_and_save, on_progress)
        stop.raise_if_asked()
        line = ending.line(environment)
        if line is not None:
            raise NotebookNotFinished(ending, line, nb_man.nb)


def register_engine() -> None:
    """Make `TruthfulEngine` known to papermill as `veritrain` (`papermill --engine veritrain`)."""
    papermill_engines.register(ENGINE, TruthfulEngine)
