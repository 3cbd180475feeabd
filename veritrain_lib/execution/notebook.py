"""`execute_notebook`, the function that runs one notebook and reports how it ended.

outcome = execute_notebook(Path("probe.ipynb"), Path("runs/probe.ipynb"), {"seed": 3})
if not outcome.ok:
    print(outcome.status, outcome.error)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from veritrain_lib.execution.outcome import NotebookOutcome, NotebookProgress


def execute_notebook(
    notebook: Path,
    output: Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    cwd: Path | None = None,
    cell_timeout_s: float | None = None,
    environment: Mapping[str, str] | None = None,
    on_progress: Callable[[NotebookProgress], None] | None = None,
    kernel_name: str | None = None,
    warm: bool = False,
) -> NotebookOutcome:
    """Execute a notebook with parameters on a fresh kernel and save it to `output`.

    An error inside the notebook does not raise here but is part of the result. Nothing is printed.

    Args:
        notebook: The notebook to run; it is not changed.
        output: File for the executed notebook, up to date after every cell; an existing file is replaced, and missing
            folders are created.
        parameters: Values for the notebook's `parameters` cell, whose names and types are checked before a kernel
            starts. They are stored in the executed notebook: pass secrets by `environment` instead.
        cwd: Working directory of the kernel; None for this process's.
        cell_timeout_s: Time limit of each cell in seconds (> 0); None for no limit.
        environment: Variables added to the environment of the kernel only.
        on_progress: Called before each code cell in the calling thread. Its exception interrupts the run and is raised.
        kernel_name: A kernel spec installed on this machine; None (the usual choice) for this interpreter's ipykernel.
        warm: Whether to fork the kernel from a process that has imported the libraries already, which is kept for the
            next notebook. Where that is impossible, a plain kernel is started.

    Returns:
        How the run ended.

    Raises:
        FileNotFoundError: There is no such notebook.
        Refused: The notebook lies in `mlruns/`, the folder of MLflow's artifacts, whose code is never run.
        ParameterError: A parameter is unknown or has the wrong type.
        ValueError: The file isn't a notebook, `output` is `notebook`, or the time limit or the kernel is invalid.
        OSError: `output` can't be written.
        KeyboardInterrupt: This process got Ctrl-C, SIGTERM or SIGHUP; the kernel has ended and the notebook is saved.
    """
    from veritrain_lib.execution.parallel import execute_all
    from veritrain_lib.execution.prepared_notebook import PreparedNotebook

    prepared = PreparedNotebook(
        notebook,
        output,
        parameters or {},
        cwd=cwd,
        cell_timeout_s=cell_timeout_s,
        environment=environment or {},
        kernel_name=kernel_name,
        warm=warm,
    )

    def forward(index: int, progress: NotebookProgress) -> None:
        if on_progress is not None:
            on_progress(progress)

    return execute_all([prepared], at_once=1, on_progress=forward)[0]


def was_cut_off(executed_path: Path) -> bool:
    """Return whether the process that executed a notebook was killed before the notebook's run ended.

    The result is False when the run ended, well or badly, and while its process is alive on this machine. It is True
    while a process on another machine executes the notebook, because its end can't be detected here.

    Args:
        executed_path: A notebook that this package or papermill wrote.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file isn't a notebook, or was never executed.
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
