"""Reports on how a stage's notebook goes: status messages to the engine, and a watcher of failed cells.

Under our engine a stage writes its run into a status file, which the engine reads. In a notebook that a person runs,
`CellErrorWatcher` tells the stage about cells that fail.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

STATUS_FILE = "VERITRAIN_MAILBOX"
"""Name of the environment variable with the path of the status file, in which a stage tells the engine its run."""

CLAIMED = "VERITRAIN_CLAIMED"
"""Name of the environment variable with the digest of the work that the launching process claimed for a stage."""


def write_status(status_file: Path, run_id: str, stored: bool, *, result_stored: bool = False) -> None:
    """Write the status file atomically.

    Args:
        status_file: Its path.
        run_id: The stage's run.
        stored: Whether the work was done before and is only shown from the record.
        result_stored: Whether the result is in the record already, while the notebook goes on.
    """
    part = status_file.with_suffix(".part")
    part.write_text(json.dumps({"run": run_id, "stored": stored, "filed": result_stored}), encoding="utf-8")
    part.replace(status_file)


def read_status(status_file: Path) -> tuple[str, bool]:
    """Read the status file.

    Returns:
        The stage's run, empty while there is no status file; and whether the work was done before.
    """
    if not status_file.exists():
        return "", False
    status = json.loads(status_file.read_text(encoding="utf-8"))
    return str(status["run"]), bool(status["stored"])


def run_with_result(status_file: Path) -> str:
    """Return the stage's run once its result is stored in it; empty before, and for work that was done before."""
    if not status_file.exists():
        return ""
    status = json.loads(status_file.read_text(encoding="utf-8"))
    return str(status["run"]) if status.get("filed") else ""


class CellErrorWatcher:
    """A watcher that calls `failed` with the error of every cell that fails, in a notebook that a person runs."""

    def __init__(self, failed: Callable[[BaseException], None]) -> None:
        self._failed = failed

    def start(self) -> None:
        """Start watching; does nothing outside a notebook."""
        shell = _shell()
        if shell is not None:
            shell.events.register("post_run_cell", self._after_cell)

    def stop(self) -> None:
        """Stop watching; may be called twice."""
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
