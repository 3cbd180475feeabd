"""Run one notebook and say how it ended. The way in to this package.

outcome = execute_notebook(Path("probe.ipynb"), Path("runs/probe.ipynb"), {"seed": 3})
if not outcome.ok:
    print(outcome.status, outcome.error)
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from veritrain_lib.execution.outcome import NotebookOutcome, Progress
from veritrain_lib.execution.parameters import check_parameters


def execute_notebook(
    notebook: Path,
    output: Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    cwd: Path | None = None,
    cell_timeout_s: float | None = None,
    environment: Mapping[str, str] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    kernel_name: str | None = None,
) -> NotebookOutcome:
    """Execute `notebook` with `parameters` on a fresh kernel and save it to `output`.

    Whatever happens inside the notebook comes back as the outcome. Nothing is printed.

    Args:
        notebook: The notebook to run; it is not changed.
        output: Where the executed notebook goes; replaced if there, folders are made.
            It is up to date after every cell.
        parameters: Values for its `parameters` cell, checked against the declared names
            and types before a kernel starts. They are stored in the executed notebook:
            never pass a secret, pass it by `environment`.
        cwd: Working directory of the kernel; None for this process's.
        cell_timeout_s: Longest time any one cell may run, in seconds (> 0); None for no limit.
        environment: Added to the environment of the kernel only.
        on_progress: Called before each code cell, in the calling thread. If it raises, the
            run is interrupted and saved, and the exception raised.
        kernel_name: A kernel spec installed on this machine; None (as a rule) for this
            interpreter's own ipykernel.

    Raises:
        FileNotFoundError: There is no such notebook.
        ParameterError: A parameter is unknown or has the wrong type.
        ValueError: The file isn't a notebook, `output` is `notebook`, the time-out isn't
            positive or the kernel is unknown.
        OSError: `output` can't be written.
        KeyboardInterrupt: This process got Ctrl-C, SIGTERM or SIGHUP; the kernel has ended and
            the notebook is saved.
    """
    began = time.monotonic()
    notebook, output = Path(notebook).absolute(), Path(output).absolute()
    given = check_parameters(notebook, parameters or {})
    if output.resolve() == notebook.resolve() or (output.exists() and output.samefile(notebook)):
        raise ValueError(
            f"The output {output} is the notebook itself and would overwrite it: choose another output."
        )
    if cell_timeout_s is not None and not cell_timeout_s > 0:
        raise ValueError(
            f"cell_timeout_s is {cell_timeout_s!r}: it has to be a number of seconds above 0, "
            "or None for no limit."
        )
    # papermill and Jupyter take a while to import: not before they are needed
    from papermill.execute import remove_error_markers
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    from veritrain_lib.execution.cell_states import CellStates, has_something_to_run
    from veritrain_lib.execution.engine import ENGINE, NotebookNotFinished, TruthfulEngine, register_engine
    from veritrain_lib.execution.kernel_spec import check_kernel_name

    check_kernel_name(kernel_name)
    register_engine()
    output.parent.mkdir(parents=True, exist_ok=True)
    node = remove_error_markers(load_notebook_node(str(notebook)))
    # An executed notebook run again: the parameters of this run hold, not those of that one.
    node.cells = [cell for cell in node.cells if "injected-parameters" not in cell.metadata.tags]
    node.metadata.papermill["parameters"] = {}
    if given:
        node = parameterize_notebook(
            node, given, kernel_name="python3", language="python", engine_name=ENGINE
        )
    # Not papermill.execute_notebook: it takes `{}` in a path for a template, and adds cells
    # to a failed notebook, so that no index fits any more.
    node.metadata.papermill.update(input_path=str(notebook), output_path=str(output))
    states = CellStates(node, output_path=str(output), progress_bar=False)
    states.notebook_start()
    # An ending that is not good is in the notebook's metadata, and so in the outcome.
    with suppress(NotebookNotFinished):
        TruthfulEngine.execute_managed_notebook(
            states,
            kernel_name,
            use_installed_kernel=kernel_name is not None,
            execution_timeout=cell_timeout_s,
            cwd=cwd,
            environment=dict(environment or {}),
            on_progress=on_progress,
        )
    ending = node.metadata["veritrain"]
    return NotebookOutcome(
        status=ending["status"],
        executed=output,
        seconds=time.monotonic() - began,
        error=ending["error"],
        failed_cell=ending["failed_cell"],
        cells_run=states.cells_run(),
        cells_total=sum(has_something_to_run(cell) for cell in node.cells),
    )


def was_cut_off(executed_path: Path) -> bool:
    """Whether a notebook was being executed when the executing process was killed.

    False when it ended in any way, good or bad, and while it is still being executed by
    a living process of this machine (for one on another machine that can't be known:
    True).

    Args:
        executed_path: A notebook that this package or papermill wrote.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It isn't a notebook, or was never executed.
    """
    from veritrain_lib.execution.cell_states import is_running
    from veritrain_lib.execution.parameters import read_notebook

    node = read_notebook(Path(executed_path))
    ours = node.metadata.get("veritrain")
    if ours is not None:
        return ours.get("status") == "running" and not is_running(ours.get("process", {}))
    papermill = node.metadata.get("papermill", {})
    if not papermill.get("start_time"):
        raise ValueError(
            f"{executed_path} was never executed by Veri-Train or papermill: its metadata hold no "
            "start time. Pass the executed notebook, not its source."
        )
    return not papermill.get("end_time")
