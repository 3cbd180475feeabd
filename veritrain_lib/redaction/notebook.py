"""Redaction of executed notebooks: copies without the secrets of the environment they ran in.

The notebook in memory stays unchanged, since cells still run from it; only the copy is written to disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbformat import NotebookNode

from veritrain_lib.redaction import Redactor

BINARY = ("image/", "audio/", "video/", "application/pdf", "application/octet-stream")
"""MIME types whose data are base64.

Cutting a secret out of base64 would break the data, so a display that contains one is removed completely.
"""

REMOVED_DISPLAY = "[hidden: this display contained a secret of the environment]"


class NotebookRedactor:
    """Maker of redacted copies of one notebook.

    While the notebook runs, copies are made repeatedly; a cell that has completed is searched for secrets only once.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._cache: dict[int, tuple[Any, Any]] = {}  # by position: the state of a cell, and its copy

    def copy_of(self, notebook: NotebookNode, *, running: bool = False) -> NotebookNode:
        """Return a copy of the notebook without secrets in its sources, outputs and metadata.

        Args:
            notebook: The notebook; it is not changed.
            running: Whether the notebook still runs; then copies of completed cells are reused from earlier calls.
        """
        redacted = _shallow_copy(notebook)
        redacted["metadata"] = self._redactor.value(notebook.metadata)
        redacted["cells"] = [
            self._cell(position, cell, running) for position, cell in enumerate(notebook.cells)
        ]
        return redacted

    def _cell(self, position: int, cell: NotebookNode, running: bool) -> NotebookNode:
        status = cell.metadata.get("papermill", {}).get("status")
        outputs = cell.get("outputs", [])
        key = (status, len(outputs), cell.get("execution_count"))
        cached = self._cache.get(position)
        if running and cached is not None and status == "completed" and cached[0] == key:
            return cached[1]  # type: ignore[no-any-return]
        redacted = _shallow_copy(cell)
        redacted["source"] = self._redactor(cell.source)
        redacted["metadata"] = self._redactor.value(cell.metadata)
        if outputs:
            redacted["outputs"] = redacted_outputs(outputs, self._redactor)
        self._cache[position] = key, redacted
        return redacted


def redacted_outputs(outputs: list[NotebookNode], redactor: Redactor) -> list[NotebookNode]:
    """Return copies of a cell's outputs without secrets, including secrets that are split over pieces of a stream."""
    redacted = [_shallow_copy(output) for output in outputs]
    for name in ("stdout", "stderr"):
        streams = [output for output in redacted if output.output_type == "stream" and output.name == name]
        for output, text in zip(
            streams, redactor.redact_pieces([output.text for output in streams]), strict=True
        ):
            output["text"] = redactor(text)  # also inside text with terminal colours
    for output in redacted:
        if output.output_type == "error":
            output["ename"], output["evalue"] = redactor(output.ename), redactor(output.evalue)
            output["traceback"] = [redactor(line) for line in output.traceback]
        elif output.output_type != "stream":
            output["data"] = redacted_display(output.data, redactor)
            output["metadata"] = redactor.value(output.get("metadata", {}))
    return redacted


def redacted_display(data: Mapping[str, Any], redactor: Redactor) -> NotebookNode:
    """Return a copy of a display output without secrets.

    Args:
        data: The display's representations by MIME type. A binary one that contains a secret is replaced by a text.
        redactor: The redactor of the environment's secrets.
    """
    redacted: dict[str, Any] = {}
    for kind, value in data.items():
        if isinstance(value, str) and kind.startswith(BINARY) and kind != "image/svg+xml":
            if redactor.contains_secret(value):
                redacted["text/plain"] = REMOVED_DISPLAY
            else:
                redacted.setdefault(kind, value)
        else:
            redacted[kind] = redactor.value(value)
    return _shallow_copy(redacted)


def _shallow_copy(node: Mapping[str, Any]) -> NotebookNode:
    """Return a shallow copy of a notebook, cell or output."""
    return NotebookNode(node)  # type: ignore[no-untyped-call]
