"""Reports on a running stage notebook: the status file that the execution engine reads, and a watcher of failed cells.

When our engine runs the notebook, the stage writes the id of its MLflow run to the status file. When a person runs it,
`CellErrorWatcher` tells the stage about each cell that fails.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

STATUS_FILE = "VERITRAIN_STATUS_FILE"
"""Environment variable with the path of the status file, in which a stage tells the engine the id of its MLflow run."""

CLAIMED = "VERITRAIN_CLAIMED"
"""Environment variable with the digest of the work that the notebook's parent process has claimed (locked) for it."""

RUN_OWNER = "VERITRAIN_RUN_OWNER"
"""Environment variable with the name of the notebook's parent process, which ends the stage's MLflow run and owns it.

A notebook's kernel ends before its run does, so a run that the kernel owned would look abandoned for a moment.
"""


def write_status(status_file: Path, run_id: str, stored: bool, *, result_stored: bool = False) -> None:
    """Write the status file, which tells the engine that runs a stage's notebook which MLflow run the stage opened.

    Args:
        status_file: The path of the file.
        run_id: The id of the stage's MLflow run.
        stored: Whether the work was done before and its stored result is only shown.
        result_stored: Whether the result is stored in the run already, while the notebook still runs.
    """
    part = status_file.with_suffix(".part")
    part.write_text(json.dumps({"run": run_id, "stored": stored, "filed": result_stored}), encoding="utf-8")
    part.replace(status_file)


def read_status(status_file: Path) -> tuple[str, bool]:
    """Read the status file, in which a stage tells the engine that runs its notebook which MLflow run it opened.

    Returns:
        The id of the stage's run, empty while the file does not exist; and whether the work was done before.
    """
    if not status_file.exists():
        return "", False
    status = json.loads(status_file.read_text(encoding="utf-8"))
    return str(status["run"]), bool(status["stored"])


def run_with_result(status_file: Path) -> str:
    """Return the id of a stage's MLflow run from its status file once the result is stored; empty until then."""
    if not status_file.exists():
        return ""
    status = json.loads(status_file.read_text(encoding="utf-8"))
    return str(status["run"]) if status.get("filed") else ""


class CellErrorWatcher:
    """Watcher of a notebook that a person runs: for each cell that fails it calls a function with the cell's error."""

    def __init__(self, failed: Callable[[BaseException], None]) -> None:
        self._failed = failed

    def start(self) -> None:
        """Start watching the notebook's cells. Outside a notebook this does nothing."""
        shell = _shell()
        if shell is not None:
            shell.events.register("post_run_cell", self._after_cell)

    def stop(self) -> None:
        """Stop watching the notebook's cells. It may be called twice."""
        shell = _shell()
        if shell is not None:
            with contextlib.suppress(ValueError):  # never registered, or stopped twice
                shell.events.unregister("post_run_cell", self._after_cell)

    def _after_cell(self, result: Any) -> None:
        error = result.error_in_exec or result.error_before_exec
        if error is not None:
            self._failed(error)


def _shell() -> Any:
    if "IPython" not in sys.modules:
        return None
    return sys.modules["IPython"].get_ipython()
