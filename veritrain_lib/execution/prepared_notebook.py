"""Notebook whose arguments have been checked and which is ready to run."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.execution.outcome import NotebookOutcome
from veritrain_lib.execution.parameters import check_parameters
from veritrain_lib.trust import door

if TYPE_CHECKING:
    from veritrain_lib.execution.cell_runner import CellRunner


class PreparedNotebook:
    """One future execution of a notebook.

    Creating the object checks everything that can be wrong before a kernel is started.
    """

    def __init__(
        self,
        notebook: Path,
        output: Path,
        parameters: Mapping[str, Any],
        *,
        cwd: Path | None = None,
        cell_timeout_s: float | None = None,
        environment: Mapping[str, str] | None = None,
        kernel_name: str | None = None,
        warm: bool = False,
    ) -> None:
        """Check the arguments, and write the notebook that will run, with its parameters, to `output`.

        Arguments and errors are those of `notebook.execute_notebook`.
        """
        self.notebook, self.output = Path(notebook).absolute(), Path(output).absolute()
        door.require_local_file(self.notebook, f"the notebook {self.notebook.name}")
        values = check_parameters(self.notebook, parameters)
        self._check_output()
        if cell_timeout_s is not None and not cell_timeout_s > 0:
            raise ValueError(
                f"cell_timeout_s is {cell_timeout_s!r}: it has to be a number of seconds above 0, "
                "or None for no limit."
            )
        # papermill and Jupyter take a while to import: only when needed
        from papermill.execute import remove_error_markers
        from papermill.iorw import load_notebook_node
        from papermill.parameterize import parameterize_notebook

        from veritrain_lib.execution.cell_states import CellStates
        from veritrain_lib.execution.engine import ENGINE, register_engine
        from veritrain_lib.execution.kernel_spec import check_kernel_name

        check_kernel_name(kernel_name)
        register_engine()
        self.output.parent.mkdir(parents=True, exist_ok=True)
        node = remove_error_markers(load_notebook_node(str(self.notebook)))
        # When an executed notebook runs again, the parameters of this run apply, not the earlier ones.
        node.cells = [cell for cell in node.cells if "injected-parameters" not in cell.metadata.tags]
        node.metadata.papermill["parameters"] = {}
        if values:
            node = parameterize_notebook(
                node, values, kernel_name="python3", language="python", engine_name=ENGINE
            )
        # Not papermill.execute_notebook: it takes `{}` in a path for a template, and adds cells
        # to a failed notebook, which shifts every index.
        node.metadata.papermill.update(input_path=str(self.notebook), output_path=str(self.output))
        self.node = node
        self.states = CellStates(node, output_path=str(self.output), progress_bar=False)
        self._options: dict[str, Any] = {
            "kernel_name": kernel_name,
            "warm": warm,
            "cwd": cwd,
            "cell_timeout_s": cell_timeout_s,
        }
        self._environment = dict(environment or {})
        self._started = time.monotonic()

    def _check_output(self) -> None:
        same = self.output.resolve() == self.notebook.resolve()
        if same or (self.output.exists() and self.output.samefile(self.notebook)):
            raise ValueError(
                f"The output {self.output} is the notebook itself and would overwrite it: choose another output."
            )

    def start(self, environment: Mapping[str, str] | None = None) -> CellRunner:
        """Mark the notebook as running and return the object that runs its cells.

        Args:
            environment: Variables added to the kernel's environment unless the notebook's own environment sets them.
        """
        from veritrain_lib.execution.cell_runner import CellRunner

        self._started = time.monotonic()
        self.states.notebook_start()
        return CellRunner(
            self.states, environment={**(environment or {}), **self._environment}, **self._options
        )

    def outcome(self) -> NotebookOutcome:
        """Return how the notebook's run ended, as stored in the executed notebook's metadata."""
        from veritrain_lib.execution.cell_states import has_something_to_run

        exit_reason = self.node.metadata["veritrain"]
        return NotebookOutcome(
            status=exit_reason["status"],
            executed=self.output,
            seconds=time.monotonic() - self._started,
            error=exit_reason["error"],
            failed_cell=exit_reason["failed_cell"],
            cells_run=self.states.cells_run(),
            cells_total=sum(has_something_to_run(cell) for cell in self.node.cells),
        )
