"""An executed notebook as it may be kept: without the secrets of the environment it ran in.

The notebook in memory is left as it is, since cells still run from it; what is written to disk is a copy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbformat import NotebookNode

from veritrain_lib.redaction import Redactor

BINARY = ("image/", "audio/", "video/", "application/pdf", "application/octet-stream")
"""Displays that are base64; a hole in one would spoil it, so one that holds a secret is left out as a whole."""

LEFT_OUT = "[hidden: this display held a value of the environment]"


class Hiding:
    """Makes the copies of one notebook. Cells that have ended are only looked through once."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._done: dict[int, tuple[Any, Any]] = {}  # by place: what a cell was, and its copy

    def copy_of(self, notebook: NotebookNode, *, running: bool = False) -> NotebookNode:
        """The notebook without secrets: sources, outputs and metadata. `running`: cells may still change."""
        kept = _like(notebook)
        kept["metadata"] = self._redactor.value(notebook.metadata)
        kept["cells"] = [self._cell(place, cell, running) for place, cell in enumerate(notebook.cells)]
        return kept

    def _cell(self, place: int, cell: NotebookNode, running: bool) -> NotebookNode:
        status = cell.metadata.get("papermill", {}).get("status")
        outputs = cell.get("outputs", [])
        key = (status, len(outputs), cell.get("execution_count"))
        known = self._done.get(place)
        if running and known is not None and status == "completed" and known[0] == key:
            return known[1]  # type: ignore[no-any-return]
        kept = _like(cell)
        kept["source"] = self._redactor(cell.source)
        kept["metadata"] = self._redactor.value(cell.metadata)
        if outputs:
            kept["outputs"] = redacted_outputs(outputs, self._redactor)
        self._done[place] = key, kept
        return kept


def redacted_outputs(outputs: list[NotebookNode], redactor: Redactor) -> list[NotebookNode]:
    """Copies of a cell's outputs without secrets, also of one that the pieces of a stream hold together."""
    kept = [_like(output) for output in outputs]
    for name in ("stdout", "stderr"):
        streams = [output for output in kept if output.output_type == "stream" and output.name == name]
        for output, text in zip(streams, redactor.pieces([output.text for output in streams]), strict=True):
            output["text"] = redactor(text)  # of a terminal's colours too
    for output in kept:
        if output.output_type == "error":
            output["ename"], output["evalue"] = redactor(output.ename), redactor(output.evalue)
            output["traceback"] = [redactor(line) for line in output.traceback]
        elif output.output_type != "stream":
            output["data"] = redacted_display(output.data, redactor)
            output["metadata"] = redactor.value(output.get("metadata", {}))
    return kept


def redacted_display(data: Mapping[str, Any], redactor: Redactor) -> NotebookNode:
    """A display's forms by MIME type, without secrets."""
    kept: dict[str, Any] = {}
    for kind, value in data.items():
        if isinstance(value, str) and kind.startswith(BINARY) and kind != "image/svg+xml":
            if redactor.holds(value):
                kept["text/plain"] = LEFT_OUT
            else:
                kept.setdefault(kind, value)
        else:
            kept[kind] = redactor.value(value)
    return _like(kept)


def _like(node: Mapping[str, Any]) -> NotebookNode:
    """A shallow copy."""
    return NotebookNode(node)  # type: ignore[no-untyped-call]
