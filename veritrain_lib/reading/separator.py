"""Detection of the separator (comma, semicolon, tab, bar) of a delimited file from its first rows."""

from __future__ import annotations

import csv
import io

SAMPLE_CHARACTERS = 65_536
"""Number of characters at the beginning of the file that are examined."""

SAMPLE_ROWS = 50

CANDIDATES = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}


def find_separator(text: str, preferred: str) -> str:
    """Detect the separator of a delimited file: the one that gives most of the first rows as many cells as the header.

    Args:
        text: The text of the file.
        preferred: The separator that the file's suffix promises; returned if no other fits better, and for a file with
            a single column.
    """
    best_share, best = 0.0, preferred
    for candidate in sorted(CANDIDATES, key=lambda candidate: candidate != preferred):
        rows = _rows(text, candidate)
        width = len(rows[0]) if rows else 0
        if width < 2:
            continue
        share = sum(len(row) == width for row in rows) / len(rows)
        if share > best_share:
            best_share, best = share, candidate
    return best


def declared_separator(text: str) -> tuple[str, str]:
    """Return the separator that a CSV file declares in Excel's first line `sep=;`, and the text after this line.

    Without such a line, "" and the full text are returned.
    """
    line, end, _ = text[:16].partition("\n")
    line = line.rstrip("\r")
    if len(line) == 5 and line.lower().startswith("sep=") and end and line[4] not in "\"'":
        return line[4], text[text.index("\n") + 1 :]
    return "", text


def _rows(text: str, separator: str) -> list[list[str]]:
    rows: list[list[str]] = []
    sample = text[:SAMPLE_CHARACTERS]
    try:
        for cells in csv.reader(io.StringIO(sample, newline=""), delimiter=separator):
            if cells:
                rows.append(cells)
            if len(rows) > SAMPLE_ROWS:
                return rows
    except csv.Error:
        pass  # for example a cell longer than the sample: the rows before it are enough
    # The last row of a sample is usually cut off.
    return rows[:-1] if len(text) > SAMPLE_CHARACTERS and len(rows) > 1 else rows
