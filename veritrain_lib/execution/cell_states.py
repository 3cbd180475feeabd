"""The state of every cell, kept up to date in the notebook file while it runs.

papermill marks every cell `completed` when a kernel dies or a cell times out.
Here a cell that never ran stays `pending`, the one that was running becomes
`failed`, and the file never holds half a notebook.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from papermill.engines import NotebookExecutionManager

from veritrain_lib.core import liveness
from veritrain_lib.execution.exit_reason import ExitReason
from veritrain_lib.execution.streams import merge_streams
from veritrain_lib.redaction import Redactor, redactor
from veritrain_lib.redaction.notebook import NotebookRedactor

SKIP_TAG = "skip-execution"
SKIPPED = "skipped"
"""State of a code cell that its author tagged to be left out."""


def has_something_to_run(cell: NotebookNode) -> bool:
    """Return whether the kernel will be asked to run this cell."""
    return (
        cell.cell_type == "code"
        and bool(cell.source.strip())
        and SKIP_TAG not in cell.metadata.get("tags", [])
    )


class CellStates(NotebookExecutionManager):  # type: ignore[misc]  # papermill is untyped
    """papermill's bookkeeping of a run, truthful and saved atomically.

    The notebook's metadata get `veritrain: {status, error, failed_cell}`; while the
    run lasts, `status` is `running` and `process` identifies the executing process.
    """

    nb: NotebookNode
    _skip_save = False
    _running = True
    """True until the run ends. Until then the file is written without line breaks, which is much faster."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Accept the arguments of papermill's class. No secret of this process is written to the file."""
        super().__init__(*args, **options)
        self.use_redactor(redactor())

    def use_redactor(self, redactor: Redactor) -> None:
        """Remove the secrets of this redactor from everything written from now on."""
        self._notebook_redactor = NotebookRedactor(redactor)

    def notebook_start(self, **kwargs: Any) -> None:
        """Set every cell to `pending`, drop old outputs and save."""
        self.nb.metadata["veritrain"] = {
            "status": "running",
            "error": None,
            "failed_cell": None,
            "process": this_process(),
        }
        super().notebook_start(**kwargs)

    def cell_start(self, cell: NotebookNode, cell_index: int | None = None, **kwargs: Any) -> None:
        """Mark a cell as running; the caller saves once the kernel has the cell and works."""
        with self._without_save():
            super().cell_start(cell, cell_index, **kwargs)

    def cell_complete(self, cell: NotebookNode, cell_index: int | None = None, **kwargs: Any) -> None:
        """Mark a cell as completed; the next cell, or `finish`, saves it right afterwards."""
        with self._without_save():
            super().cell_complete(cell, cell_index, **kwargs)

    @contextmanager
    def _without_save(self) -> Iterator[None]:
        """Suppress papermill's own save: another one follows at once."""
        self._skip_save = True
        try:
            yield
        finally:
            self._skip_save = False

    def cell_skipped(self, cell: NotebookNode) -> None:
        """Mark a cell that the kernel need not run: Markdown, empty, or tagged to be skipped."""
        tagged = cell.cell_type == "code" and SKIP_TAG in cell.metadata.get("tags", [])
        cell.metadata.papermill["status"] = SKIPPED if tagged else self.COMPLETED

    def notebook_complete(self, **kwargs: Any) -> None:
        """Do nothing: papermill calls this whatever happened; see `finish`."""

    def finish(self, exit_reason: ExitReason, error: str | None) -> None:
        """Store how the run ended, and save for the last time.

        Args:
            exit_reason: How the engine saw the run end.
            error: One line about it that may be shown; None when the run finished.
        """
        self.end_time = self.now()
        papermill = self.nb.metadata.papermill
        papermill["end_time"] = self.end_time.isoformat()
        papermill["duration"] = (self.end_time - self.start_time).total_seconds()
        papermill["exception"] = None if exit_reason.status == "finished" else True
        for cell in self.nb.cells:
            if cell.metadata.papermill["status"] == self.RUNNING:
                cell.metadata.papermill.update(status=self.FAILED, exception=True)
        self.nb.metadata["veritrain"] = {
            "status": exit_reason.status,
            "error": error,
            "failed_cell": exit_reason.failed_cell,
        }
        self.cleanup_pbar()
        self._running = False
        # papermill writes the notebook once more from memory, and others read it there.
        redacted = self._copy(running=False)
        self.nb.metadata = redacted.metadata
        for cell, redacted_cell in zip(self.nb.cells, redacted.cells, strict=True):
            cell.update(redacted_cell)
        self.save()

    def _copy(self, *, running: bool) -> NotebookNode:
        """Return the notebook as it is written: without secrets, and with each cell's printed text joined.

        In memory the pieces stay apart, because nbclient updates displays by their place among a cell's outputs.
        """
        copy = self._notebook_redactor.copy_of(self.nb, running=running)
        for cell in copy.cells:
            if cell.get("outputs"):
                cell["outputs"] = merge_streams(cell.outputs)
        return copy

    def cells_run(self) -> int:
        """Return how many code cells with something to run ran to their end."""
        return sum(
            has_something_to_run(cell) and cell.metadata.papermill["status"] == self.COMPLETED
            for cell in self.nb.cells
        )

    def save(self, **kwargs: Any) -> None:
        """Replace the notebook file in one step: a reader sees the old state or the new one.

        Raises:
            OSError: The file can't be written, which makes the run useless.
        """
        if self._skip_save:
            return
        if self.output_path and "://" in str(self.output_path):
            full, self.nb = self.nb, self._copy(running=self._running)
            try:
                super().save(**kwargs)  # remote stores replace whole objects themselves
            finally:
                self.nb = full
            return
        if self.output_path:
            path = Path(self.output_path)
            temporary = path.with_name(f".{path.name}.part")
            running = self._running
            text = json.dumps(self._copy(running=True)) if running else nbformat.v4.writes(self.nb)  # type: ignore[no-untyped-call]
            temporary.write_text(text + "\n", encoding="utf-8")
            os.replace(temporary, path)
        self.last_save_time = self.now()


def this_process() -> dict[str, Any]:
    """Return what identifies this process, even if another one gets its process id later."""
    return {"pid": os.getpid(), "name": liveness.current_process_name()}


def is_running(process: dict[str, Any]) -> bool:
    """Return whether the process that `this_process` described lives; False where that can't be found out."""
    return liveness.is_alive(str(process.get("name", ""))) is True
