"""The separator of a delimited file, found by its first rows."""

from __future__ import annotations

import csv
import io

SAMPLE = 65_536
"""Characters of the file that are looked at."""

MOST_ROWS = 50

CANDIDATES = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}


def find_separator(text: str, preferred: str) -> str:
    """The separator under which most of the first rows have as many cells as the header.

    `preferred` is what the file's suffix promises; it is taken when no other fits better, and for a file of one column.
    """
    best, found = 0.0, preferred
    for mark in sorted(CANDIDATES, key=lambda mark: mark != preferred):
        rows = _rows(text, mark)
        width = len(rows[0]) if rows else 0
        if width < 2:
            continue
        fits = sum(len(row) == width for row in rows) / len(rows)
        if fits > best:
            best, found = fits, mark
    return found


def declared_separator(text: str) -> tuple[str, str]:
    """The separator of Excel's first line `sep=;` and the text after it; ("", text) where there is no such line."""
    line, end, _ = text[:16].partition("\n")
    line = line.rstrip("\r")
    if len(line) == 5 and line.lower().startswith("sep=") and end and line[4] not in "\"'":
        return line[4], text[text.index("\n") + 1 :]
    return "", text


def _rows(text: str, mark: str) -> list[list[str]]:
    rows: list[list[str]] = []
    sample = text[:SAMPLE]
    try:
        for cells in csv.reader(io.StringIO(sample, newline=""), delimiter=mark):
            if cells:
                rows.append(cells)
            if len(rows) > MOST_ROWS:
                return rows
    except csv.Error:
        pass  # a cell that is longer than the sample, say: what came before it is enough
    # The last row of a sample is usually cut off.
    return rows[:-1] if len(text) > SAMPLE and len(rows) > 1 else rows
