"""The sheet of the PDF: A4, our typefaces, page numbers, and how a table finds room on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fpdf import FPDF
from fpdf.enums import Align, TableBordersLayout, TableCellFillMode, XPos, YPos
from fpdf.fonts import FontFace

from .cells import Grid
from .fonts import japanese_font, latin_font

MARGIN = 15.0
"""Millimetres on every side."""

SIZES = (8.5, 7.5, 6.5)
"""Points of a table's text, tried from the largest."""

PADDING = 1.2
NARROWEST, WIDEST = 8.0, 42.0
"""Millimetres between which a column's longest word decides how narrow it may become."""


class Paper(FPDF):
    """A4 upright with a footer; text falls back from DejaVu Sans to IPAex Gothic glyph by glyph."""

    def __init__(self, footer: str) -> None:
        super().__init__(orientation="portrait", unit="mm", format="A4")
        self.footer_text = footer
        self.set_margins(MARGIN, MARGIN)
        self.set_auto_page_break(True, margin=MARGIN + 5)
        self.add_font("latin", "", latin_font())
        self.add_font("latin", "B", latin_font(bold=True))
        self.add_font("japanese", "", japanese_font())
        # There is one weight of Japanese; it stands in for bold too.
        self.set_fallback_fonts(["japanese"], exact_match=False)
        self.set_font("latin", size=10)

    def footer(self) -> None:
        """Called by fpdf2 on every page."""
        self.set_y(-MARGIN)
        self.set_font("latin", size=7.5)
        self.set_text_color(90)
        number = f"{self.page_no()} / {{nb}}"
        self.cell(self.epw - 25, 5, self._shortened(self.footer_text, self.epw - 30))
        self.cell(25, 5, number, align=Align.R)
        self.set_text_color(0)

    def line_of(self, text: str, size: float, bold: bool = False, grey: int = 0, after: float = 1.5) -> None:
        """A paragraph over the whole width, then `after` millimetres of room."""
        self.set_font("latin", "B" if bold else "", size)
        self.set_text_color(grey)
        height = size * 0.5
        self.multi_cell(0, height, text, align=Align.L, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_text_color(0)
        self.ln(after)

    def need(self, height: float) -> None:
        """Start a page unless so many millimetres are left on this one."""
        if self.will_page_break(height):
            self.add_page()

    def grid(self, grid: Grid) -> None:
        """A table that wraps, repeats its head on each page and splits by columns where it is too wide."""
        for part in columns_that_fit(self, grid):
            if part.title:
                self.need(24)
                self.line_of(part.title, 7.5, grey=90, after=0.5)
            self._table(part)
            self.ln(1.5)
        if grid.remark or not grid.rows:
            self.line_of(grid.remark or "no rows", 7.5, grey=90)

    def _table(self, part: Part) -> None:
        self.set_font("latin", size=part.size)
        self.set_draw_color(170)
        self.set_line_width(0.15)
        with self.table(
            [part.header, *part.rows],
            width=sum(part.widths),
            col_widths=part.widths,
            align=Align.L,
            text_align=tuple(Align.R if number else Align.L for number in part.numeric),
            line_height=part.size * 0.47,
            padding=(0.7, PADDING),
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            headings_style=FontFace(emphasis="BOLD", fill_color=(228, 233, 240)),
            cell_fill_color=(247, 248, 250),
            cell_fill_mode=TableCellFillMode.EVEN_ROWS,
        ):
            pass

    def _shortened(self, text: str, width: float) -> str:
        while text and self.get_string_width(text) > width:
            text = text[:-2].rstrip("…") + "…" if len(text) > 2 else ""
        return text


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
            paper, grid, [0, *group], least, wish, size, f"columns {group[0] + 1} to {group[-1] + 1} of {count}"
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
