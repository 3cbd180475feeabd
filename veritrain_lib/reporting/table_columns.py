"""Column layout of tables in PDF reports: font size, column widths, and splitting of tables that are too wide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from veritrain_lib.reporting.cells import Grid

if TYPE_CHECKING:
    from veritrain_lib.reporting.pdf_layout import PdfDocument

SIZES = (8.5, 7.5, 6.5)
"""Font sizes of a table in points, tried from the largest to the smallest."""

PADDING = 1.2
MIN_WIDTH, MAX_WIDTH = 8.0, 42.0
"""Limits in millimetres of the least width of a column, which otherwise is the width of its longest word."""


@dataclass(frozen=True)
class TablePart:
    """Part of a PDF table that fits on the page: some or all of the columns, with all rows.

    Attributes:
        title: text that says which columns the part has; empty if it has all.
        header: the column names.
        numeric: for each column whether its cells are numbers.
        rows: the cells as strings.
        widths: the column widths in millimetres.
        size: font size in points.
    """

    title: str
    header: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]
    size: float


def fit_columns(pdf: PdfDocument, grid: Grid) -> list[TablePart]:
    """Lay out the columns of a table so that it fits on the PDF page.

    Args:
        pdf: the PDF, which measures the width of texts.
        grid: the formatted table.

    Returns:
        One part with all columns at the largest font size that fits; if none fits, several parts, each with
        the first column and some of the others. No parts if the table has no columns.
    """
    count = len(grid.header)
    if count == 0:
        return []
    for size in SIZES:
        least, preferred = _measure(pdf, grid, size)
        if sum(least) <= pdf.epw:
            return [_part(pdf, grid, range(count), least, preferred, size, "")]
    groups: list[list[int]] = [[]]
    for column in range(1, count):
        if groups[-1] and least[0] + sum(least[i] for i in groups[-1]) + least[column] > pdf.epw:
            groups.append([])
        groups[-1].append(column)
    return [
        _part(
            pdf,
            grid,
            [0, *group],
            least,
            preferred,
            size,
            f"columns {group[0] + 1} to {group[-1] + 1} of {count}",
        )
        for group in groups
    ]


def _measure(pdf: PdfDocument, grid: Grid, size: float) -> tuple[list[float], list[float]]:
    """Return the least and the preferred width of each column in millimetres, with its header included."""
    least, preferred = [], []
    # Space for the padding and for the rounding of fpdf2.
    extra = 2 * PADDING + 0.8
    for column, name in enumerate(grid.header):
        pdf.set_font("latin", "B", size)
        widths = [_widths(pdf, name)]
        pdf.set_font("latin", "", size)
        widths += [_widths(pdf, row[column]) for row in grid.rows]
        words, lines = max(word for word, _ in widths), max(line for _, line in widths)
        longest = lines if grid.numeric[column] else words
        least.append(min(max(longest + extra, MIN_WIDTH), MAX_WIDTH))
        preferred.append(max(lines + extra, MIN_WIDTH))
    return least, preferred


def _widths(pdf: PdfDocument, text: str) -> tuple[float, float]:
    words = [pdf.get_string_width(word) for word in text.split()] or [0.0]
    lines = [pdf.get_string_width(line) for line in text.split("\n")]
    return max(words), max(lines)


def _part(
    pdf: PdfDocument,
    grid: Grid,
    columns: Sequence[int],
    least: list[float],
    preferred: list[float],
    size: float,
    title: str,
) -> TablePart:
    floor = [least[column] for column in columns]
    want = [max(preferred[column] - least[column], 0.0) for column in columns]
    spare = max(pdf.epw - sum(floor), 0.0)
    share = min(1.0, spare / sum(want)) if sum(want) else 0.0
    return TablePart(
        title=title,
        header=tuple(grid.header[column] for column in columns),
        numeric=tuple(grid.numeric[column] for column in columns),
        rows=tuple(tuple(row[column] for column in columns) for row in grid.rows),
        widths=tuple(base + more * share for base, more in zip(floor, want, strict=True)),
        size=size,
    )
