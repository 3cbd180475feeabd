"""State of every cell of a running notebook (pending, running, completed, failed), always up to date in its file.

papermill marks every cell `completed` when a kernel dies or a cell times out. Here a cell that never ran stays
`pending`, the one that was running becomes `failed`, and the file never holds half a notebook.
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
"""Tag of a code cell that is not to be run."""
SKIPPED = "skipped"
"""State of a code cell with the tag `SKIP_TAG`."""


def has_something_to_run(cell: NotebookNode) -> bool:
    """Return whether a cell has code for the kernel to run: a code cell that is neither empty nor tagged to skip."""
    return (
        cell.cell_type == "code"
        and bool(cell.source.strip())
        and SKIP_TAG not in cell.metadata.get("tags", [])
    )


class CellStates(NotebookExecutionManager):  # type: ignore[misc]  # papermill is untyped
    """State of every cell of a running notebook, in place of papermill's class: truthful, and saved atomically.

    The notebook's metadata get `veritrain: {status, error, failed_cell}`. While the notebook runs, `status` is
    `running` and `process` identifies the process that executes it.
    """

    nb: NotebookNode
    _skip_save = False
    _running = True
    """True until the run ends. Until then the file is written as JSON without line breaks, which is much faster."""

    def __init__(self, *args: Any, **options: Any) -> None:
        """Store the arguments for papermill's class, and mask secrets of this process in what is written."""
        super().__init__(*args, **options)
        self.use_redactor(redactor())

    def use_redactor(self, redactor: Redactor) -> None:
        """Use another redactor (a function that masks secrets in a text) for all that is written from now on."""
        self._notebook_redactor = NotebookRedactor(redactor)

    def notebook_start(self, **kwargs: Any) -> None:
        """Set every cell of the notebook to `pending`, remove old outputs and save."""
        self.nb.metadata["veritrain"] = {
            "status": "running",
            "error": None,
            "failed_cell": None,
            "process": this_process(),
        }
        super().notebook_start(**kwargs)

    def cell_start(self, cell: NotebookNode, cell_index: int | None = None, **kwargs: Any) -> None:
        """Mark a cell as running without saving the notebook; the caller saves once the kernel has the cell."""
        with self._without_save():
            super().cell_start(cell, cell_index, **kwargs)

    def cell_complete(self, cell: NotebookNode, cell_index: int | None = None, **kwargs: Any) -> None:
        """Mark a cell as completed without saving the notebook; the next cell, or `finish`, saves it right after."""
        with self._without_save():
            super().cell_complete(cell, cell_index, **kwargs)

    @contextmanager
    def _without_save(self) -> Iterator[None]:
        """Suppress papermill's own save in the `with` block, because another one follows at once."""
        self._skip_save = True
        try:
            yield
        finally:
            self._skip_save = False

    def cell_skipped(self, cell: NotebookNode) -> None:
        """Mark a cell that is not run: `skipped` if it has the tag to skip, `completed` if it is Markdown or empty."""
        tagged = cell.cell_type == "code" and SKIP_TAG in cell.metadata.get("tags", [])
        cell.metadata.papermill["status"] = SKIPPED if tagged else self.COMPLETED

    def notebook_complete(self, **kwargs: Any) -> None:
        """Do nothing; papermill calls this method however the run ended, so `finish` does its work instead."""

    def finish(self, exit_reason: ExitReason, error: str | None) -> None:
        """Store in the notebook how its run ended, and save it for the last time.

        Args:
            exit_reason: The reason why the run ended.
            error: The error as one line without secrets; None when the run finished.
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
        """Return a copy of the notebook as written to its file: secrets masked, and each cell's printed text joined.

        In memory the pieces of printed text stay apart, because nbclient updates displays by their index among a cell's
        outputs.

        Args:
            running: Whether the run still lasts.
        """
        copy = self._notebook_redactor.copy_of(self.nb, running=running)
        for cell in copy.cells:
            if cell.get("outputs"):
                cell["outputs"] = merge_streams(cell.outputs)
        return copy

    def cells_run(self) -> int:
        """Return the number of the notebook's code cells that ran to their end."""
        return sum(
            has_something_to_run(cell) and cell.metadata.papermill["status"] == self.COMPLETED
            for cell in self.nb.cells
        )

    def save(self, **kwargs: Any) -> None:
        """Replace the notebook's file in one step, so that a reader sees either the old or the new state.

        Raises:
            OSError: The file can't be written, so the run would leave no result.
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
    """Return process id and name of this process, to store in a notebook that it executes.

    The name identifies the process even if the process id is used again later.
    """
    return {"pid": os.getpid(), "name": liveness.current_process_name()}


def is_running(process: dict[str, Any]) -> bool:
    """Return whether the process that a notebook's metadata name as its executor is still alive."""
    return liveness.is_alive(str(process.get("name", ""))) is True
