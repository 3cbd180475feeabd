"""The state of every cell, kept in the notebook file while it runs.

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
from veritrain_lib.execution.exit_reason import Ending
from veritrain_lib.execution.redacted_notebook import Hiding
from veritrain_lib.redaction import Redactor, redactor

SKIP_TAG = "skip-execution"
SKIPPED = "skipped"
"""State of a code cell that its author tagged to be left out."""


def has_something_to_run(cell: NotebookNode) -> bool:
    """Whether the kernel will be asked to run this cell."""
    return (
        cell.cell_type == "code"
        and bool(cell.source.strip())
        and SKIP_TAG not in cell.metadata.get("tags", [])
    )


class CellStates(NotebookExecutionManager):  # type: ignore[misc]  # papermill is untyped
    """papermill's bookkeeping of a run, told truthfully and saved atomically.

    The notebook's metadata get `veritrain: {status, error, failed_cell}`; while the
    run lasts, `status` is `running` and `process` tells whose it is.
    """

    nb: NotebookNode
    _saved_next = False
    _under_way = True
    """Until the end the file is for programs: without line breaks it takes a fraction of the time to write."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Take what papermill's takes. What is written holds none of this process's secrets."""
        super().__init__(*args, **options)
        self.hide(redactor())

    def hide(self, redactor: Redactor) -> None:
        """Leave these secrets out of what is written from now on."""
        self._hiding = Hiding(redactor)

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
        """Mark a cell as running. Who sends it to the kernel saves at once: meanwhile the kernel works."""
        with self._saved_soon():
            super().cell_start(cell, cell_index, **kwargs)

    def cell_complete(self, cell: NotebookNode, cell_index: int | None = None, **kwargs: Any) -> None:
        """Mark a cell as completed. The next one, or `finish`, follows at once and saves it."""
        with self._saved_soon():
            super().cell_complete(cell, cell_index, **kwargs)

    @contextmanager
    def _saved_soon(self) -> Iterator[None]:
        """Leave out papermill's own save: one follows at once."""
        self._saved_next = True
        try:
            yield
        finally:
            self._saved_next = False

    def cell_skipped(self, cell: NotebookNode) -> None:
        """Pass a cell that asks nothing of the kernel: Markdown, empty, or tagged to be skipped."""
        tagged = cell.cell_type == "code" and SKIP_TAG in cell.metadata.get("tags", [])
        cell.metadata.papermill["status"] = SKIPPED if tagged else self.COMPLETED

    def notebook_complete(self, **kwargs: Any) -> None:
        """Do nothing: papermill calls this whatever happened. See `finish`."""

    def finish(self, ending: Ending, error: str | None) -> None:
        """Write down how the run ended, and save for the last time.

        Args:
            ending: What the engine saw.
            error: The line of it that may be shown; None when it finished.
        """
        self.end_time = self.now()
        papermill = self.nb.metadata.papermill
        papermill["end_time"] = self.end_time.isoformat()
        papermill["duration"] = (self.end_time - self.start_time).total_seconds()
        papermill["exception"] = None if ending.status == "finished" else True
        for cell in self.nb.cells:
            if cell.metadata.papermill["status"] == self.RUNNING:
                cell.metadata.papermill.update(status=self.FAILED, exception=True)
        self.nb.metadata["veritrain"] = {
            "status": ending.status,
            "error": error,
            "failed_cell": ending.failed_cell,
        }
        self.cleanup_pbar()
        self._under_way = False
        # papermill writes the notebook once more from memory, and others read it there.
        kept = self._hiding.copy_of(self.nb)
        self.nb.metadata = kept.metadata
        for cell, hidden in zip(self.nb.cells, kept.cells, strict=True):
            cell.update(hidden)
        self.save()

    def cells_run(self) -> int:
        """Code cells that had something to run and ran to their end."""
        return sum(
            has_something_to_run(cell) and cell.metadata.papermill["status"] == self.COMPLETED
            for cell in self.nb.cells
        )

    def save(self, **kwargs: Any) -> None:
        """Replace the notebook file in one step: a reader sees the old state or the new one.

        Raises:
            OSError: The file can't be written; the run is of no use then.
        """
        if self._saved_next:
            return
        if self.output_path and "://" in str(self.output_path):
            whole, self.nb = self.nb, self._hiding.copy_of(self.nb, running=self._under_way)
            try:
                super().save(**kwargs)  # remote stores replace whole objects themselves
            finally:
                self.nb = whole
            return
        if self.output_path:
            path = Path(self.output_path)
            beside = path.with_name(f".{path.name}.part")
            if self._under_way:
                text = json.dumps(self._hiding.copy_of(self.nb, running=True))
            else:
                text = nbformat.v4.writes(self.nb)  # type: ignore[no-untyped-call]
            beside.write_text(text + "\n", encoding="utf-8")
            os.replace(beside, path)
        self.last_save_time = self.now()


def this_process() -> dict[str, Any]:
    """What tells this process from all others, one that gets its number later included."""
    return {"pid": os.getpid(), "name": liveness.name()}


def is_running(process: dict[str, Any]) -> bool:
    """Whether the process that `this_process` described is still there. Where nobody can tell: False."""
    return liveness.alive(str(process.get("name", ""))) is True
