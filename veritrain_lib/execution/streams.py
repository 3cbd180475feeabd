"""Joining of the pieces in which a cell's printed text arrives.

A kernel sends text several times a second, so a progress bar of one second leaves
a dozen outputs in an executed notebook. Joined, it leaves its last state.
"""

from __future__ import annotations

import re
from typing import Any

from nbformat import NotebookNode

_OVERWRITTEN = re.compile(r"[^\n]*\r(?!\n)(?=[^\n])")


def merge_streams(cell: NotebookNode, index: int, display_ids: dict[str, dict[int, list[int]]]) -> None:
    """Join neighbouring pieces of the same stream in place; text between pictures stays there.

    Args:
        cell: A code cell that has run.
        index: Its position in the notebook.
        display_ids: nbclient's table of the positions of updatable outputs; updated here.
    """
    groups: list[list[Any]] = []
    new_positions: list[int] = []  # for each old output, where it is now
    for output in cell.outputs:
        last = groups[-1][0] if groups else None
        stream = output.output_type == "stream"
        if stream and last is not None and last.output_type == "stream" and last.name == output.name:
            groups[-1].append(output)
        else:
            groups.append([output])
        new_positions.append(len(groups) - 1)
    for group in groups:
        if group[0].output_type == "stream":
            group[0].text = apply_carriage_returns("".join(piece.text for piece in group))
    cell.outputs = [group[0] for group in groups]
    for cells in display_ids.values():
        if index in cells:
            cells[index] = [
                new_positions[position] for position in cells[index] if position < len(new_positions)
            ]


def apply_carriage_returns(text: str) -> str:
    r"""Return the text as a terminal would show it: a carriage return overwrites the line.

    >>> apply_carriage_returns("10 %\r 50 %\r100 %\n")
    '100 %\n'
    """
    return _OVERWRITTEN.sub("", text)
