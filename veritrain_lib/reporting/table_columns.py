"""How a table finds room on paper: text size, column widths, and parts where it is too wide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from veritrain_lib.reporting.cells import Grid

if TYPE_CHECKING:
    from veritrain_lib.reporting.pdf_layout import Paper

SIZES = (8.5, 7.5, 6.5)
"""Points of a table's text, tried from the largest."""

PADDING = 1.2
NARROWEST, WIDEST = 8.0, 42.0
"""Millimetres between which a column's longest word decides how narrow it may become."""


@dataclass(frozen=True)
class Part:
    """Columns of a table that stand side by side: widths in millimetres, text size in points."""

    title: str
    header: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]
    size: float


def columns_that_fit(paper: Paper, grid: Grid) -> list[Part]:
    """All columns at the largest size that fits, else several parts, each led by the first column."""
    count = len(grid.header)
    if count == 0:
        return []
    for size in SIZES:
        least, wish = _measured(paper, grid, size)
        if sum(least) <= paper.epw:
            return [_part(paper, grid, range(count), least, wish, size, "")]
    groups: list[list[int]] = [[]]
    for at in range(1, count):
        if groups[-1] and least[0] + sum(least[i] for i in groups[-1]) + least[at] > paper.epw:
            groups.append([])
        groups[-1].append(at)
    return [
        _part(
            paper,
            grid,
            [0, *group],
            least,
            wish,
            size,
            f"columns {group[0] + 1} to {group[-1] + 1} of {count}",
        )
        for group in groups
    ]


def _measured(paper: Paper, grid: Grid, size: float) -> tuple[list[float], list[float]]:
    """For each column the least and the wished width, head included."""
    least, wish = [], []
    # Room for the padding and for the rounding of the typesetter.
    extra = 2 * PADDING + 0.8
    for at, name in enumerate(grid.header):
        paper.set_font("latin", "B", size)
        widths = [_widths(paper, name)]
        paper.set_font("latin", "", size)
        widths += [_widths(paper, row[at]) for row in grid.rows]
        words, lines = max(word for word, _ in widths), max(line for _, line in widths)
        longest = lines if grid.numeric[at] else words
        least.append(min(max(longest + extra, NARROWEST), WIDEST))
        wish.append(max(lines + extra, NARROWEST))
    return least, wish


def _widths(paper: Paper, text: str) -> tuple[float, float]:
    words = [paper.get_string_width(word) for word in text.split()] or [0.0]
    lines = [paper.get_string_width(line) for line in text.split("\n")]
    return max(words), max(lines)


def _part(
    paper: Paper,
    grid: Grid,
    columns: Sequence[int],
    least: list[float],
    wish: list[float],
    size: float,
    title: str,
) -> Part:
    floor = [least[at] for at in columns]
    want = [max(wish[at] - least[at], 0.0) for at in columns]
    spare = max(paper.epw - sum(floor), 0.0)
    share = min(1.0, spare / sum(want)) if sum(want) else 0.0
    return Part(
        title=title,
        header=tuple(grid.header[at] for at in columns),
        numeric=tuple(grid.numeric[at] for at in columns),
        rows=tuple(tuple(row[at] for at in columns) for row in grid.rows),
        widths=tuple(base + more * share for base, more in zip(floor, want, strict=True)),
        size=size,
    )
