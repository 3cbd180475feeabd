"""Joining of the pieces in which the printed text of a notebook's cell arrives.

A kernel sends text several times a second, so a progress bar of one second leaves a dozen outputs in an executed
notebook. When they are joined, only the bar's last state is left.
"""

from __future__ import annotations

from typing import Any

from nbformat import NotebookNode


def merge_streams(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join consecutive pieces of a cell's printed text to one output; text before and after a picture stays separate.

    Args:
        outputs: Outputs of a cell; they are not changed.

    Returns:
        The outputs, where each sequence of pieces from the same stream is one output.
    """
    groups: list[list[Any]] = []
    for output in outputs:
        last = groups[-1][0] if groups else None
        stream = output.output_type == "stream"
        if stream and last is not None and last.output_type == "stream" and last.name == output.name:
            groups[-1].append(output)
        else:
            groups.append([output])
    return [_joined(group) if group[0].output_type == "stream" else group[0] for group in groups]


def _joined(pieces: list[Any]) -> NotebookNode:
    text = apply_carriage_returns("".join(piece.text for piece in pieces))
    return NotebookNode({**pieces[0], "text": text})  # type: ignore[no-untyped-call]


def apply_carriage_returns(text: str) -> str:
    r"""Return a cell's printed text as a terminal would show it, where a carriage return overwrites the line.

    >>> apply_carriage_returns("10 %\r 50 %\r100 %\n")
    '100 %\n'
    """
    if "\r" not in text:
        return text
    # What follows the last carriage return of a line is left, unless nothing follows it.
    return "\n".join(line[line.rfind("\r", 0, len(line) - 1) + 1 :] for line in text.split("\n"))
