"""Join the pieces in which a cell's printed text arrives.

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
        index: Its place in the notebook.
        display_ids: nbclient's table of where updatable outputs are, kept right.
    """
    groups: list[list[Any]] = []
    places: list[int] = []  # for each old output, where it is now
    for output in cell.outputs:
        last = groups[-1][0] if groups else None
        stream = output.output_type == "stream"
        if stream and last is not None and last.output_type == "stream" and last.name == output.name:
            groups[-1].append(output)
        else:
            groups.append([output])
        places.append(len(groups) - 1)
    for group in groups:
        if group[0].output_type == "stream":
            group[0].text = as_shown("".join(piece.text for piece in group))
    cell.outputs = [group[0] for group in groups]
    for cells in display_ids.values():
        if index in cells:
            cells[index] = [places[place] for place in cells[index] if place < len(places)]


def as_shown(text: str) -> str:
    r"""What a terminal would show: a carriage return writes over the line.

    >>> as_shown("10 %\r 50 %\r100 %\n")
    '100 %\n'
    """
    return _OVERWRITTEN.sub("", text)
