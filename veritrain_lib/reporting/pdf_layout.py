"""The sheet of the PDF: A4, our typefaces, page numbers, paragraphs and tables."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from typing import Any

from fpdf import FPDF
from fpdf.enums import Align, TableBordersLayout, TableCellFillMode, XPos, YPos
from fpdf.fonts import FontFace
from fpdf.image_datastructures import RasterImageInfo
from fpdf.line_break import TextLine

from veritrain_lib.reporting import system_fonts
from veritrain_lib.reporting.cells import Grid
from veritrain_lib.reporting.fonts import japanese_font, latin_font
from veritrain_lib.reporting.line_breaks import MAY_END, with_line_breaks, without_marks
from veritrain_lib.reporting.png_file import decode
from veritrain_lib.reporting.table_columns import PADDING, Part, columns_that_fit

MARGIN = 15.0
"""Millimetres on every side."""


_ahead: list[Paper] = []
"""At most one sheet, ready for the next PDF."""


def new_paper() -> Paper:
    """A sheet that nothing is on: the one that was made ahead, if it is still there."""
    try:
        return _ahead.pop()
    except IndexError:
        return Paper()


def make_ahead() -> None:
    """Have a sheet ready for the next PDF: to read its typefaces takes as long as to set two pages."""
    if not _ahead:
        _ahead.append(Paper())


class Paper(FPDF):
    """A4 upright with a footer; text falls back from DejaVu Sans to IPAex Gothic glyph by glyph."""

    footer_text = ""

    undrawn: dict[str, None]
    """Letters that no typeface has, in the order in which they came; they are set as boxes."""

    def __init__(self) -> None:
        super().__init__(orientation="portrait", unit="mm", format="A4")
        self.undrawn = {}
        self._faces: dict[str, str] = {}
        self.set_margins(MARGIN, MARGIN)
        self.set_auto_page_break(True, margin=MARGIN + 5)
        self.add_font("latin", "", latin_font())
        self.add_font("latin", "B", latin_font(bold=True))
        # Without a fallback fpdf2 would not ask for one, glyph by glyph.
        self.set_fallback_fonts(["latin"], exact_match=False)
        self.set_font("latin", size=10)

    def get_fallback_font(self, char: str, style: str = "") -> str | None:
        """Called by fpdf2 for a glyph that the font lacks. Japanese is only opened (0.3 s) for a text that has it."""
        if "japanese" not in self.fonts:
            self.add_font("japanese", "", japanese_font())
            # There is one weight of Japanese; it stands in for bold too.
            self.set_fallback_fonts(["japanese"], exact_match=False)
        found: str | None = super().get_fallback_font(char, style)
        return found or self._system_face(char)

    def _system_face(self, char: str) -> str | None:
        """The name of a typeface of the machine that has a letter which ours lack; None when there is none."""
        if not system_fonts.rare(char):
            return None
        file = system_fonts.face_for(char)
        if file is None:
            self.undrawn[char] = None
            return None
        if str(file) not in self._faces:
            name = f"system{len(self._faces)}"
            try:
                self.add_font(name, "", file)
            except Exception as error:  # noqa: BLE001  # a file of the machine's, of whatever quality
                logging.getLogger(__name__).warning("The typeface %s can't be used: %s", file, error)
                name = ""
            self._faces[str(file)] = name
        if not self._faces[str(file)]:
            self.undrawn[char] = None
        return self._faces[str(file)] or None

    def header(self) -> None:
        """Called by fpdf2 on every page before anything else is on it."""
        self._settle_font()

    def footer(self) -> None:
        """Called by fpdf2 on every page."""
        self.set_y(-MARGIN)
        self.set_font("latin", size=7.5)
        self.set_text_color(90)
        number = f"{self.page_no()} / {{nb}}"
        with self._joined(self.footer_text):
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

    def picture(self, content: bytes, width: float, height: float, alt: str) -> None:
        """A picture file (PNG) at the left margin, so many millimetres wide and high."""
        found = decode(content)
        if found is None or found.deflated is None:
            self.image(BytesIO(content), w=width, h=height, alt_text=alt)
            return
        # A PDF keeps lines of pixels as a PNG does (ISO 32000-1, 7.4.4.4: predictor 15), so they go in as they
        # are; fpdf2 would unpack and pack them again. It looks a picture up by its name before it opens it.
        name = f"data:{sha256(content).hexdigest()}"
        known = self.image_cache.images
        if name not in known:
            form = f"/Predictor 15 /Colors 3 /Columns {found.width}"
            known[name] = RasterImageInfo(
                i=len(known) + 1, data=found.deflated, w=found.width, h=found.height, cs="DeviceRGB", bpc=8, dpn=3,
                f="FlateDecode", dp=form, iccp=None, iccp_i=None, inverted=False, usages=0,
            )  # fmt: skip
        self.image(name, w=width, h=height, alt_text=alt)

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

    def multi_cell(self, w: float, h: float | None = None, text: str = "", *rest: Any, **named: Any) -> Any:
        """Text in lines, Japanese broken where Japanese may be; fpdf2's tables come here too."""
        with self._joined(text):
            return super().multi_cell(w, h, with_line_breaks(text), *rest, **named)

    @contextlib.contextmanager
    def _joined(self, text: str) -> Iterator[None]:
        """Within it letters are joined and turned as Arabic, Hebrew or Devanagari need it; other texts don't wait for it."""
        if not system_fonts.is_joined(text):
            yield
            return
        self.set_text_shaping(True)
        try:
            yield
        finally:
            self.set_text_shaping(False)

    def _render_styled_text_line(self, text_line: TextLine, *rest: Any, **layout: Any) -> bool:
        self._settle_font()
        if any(MAY_END in one.characters for one in text_line.fragments):
            text_line = text_line._replace(fragments=without_marks(text_line.fragments))
        return super()._render_styled_text_line(text_line, *rest, **layout)

    def _settle_font(self) -> None:
        """Name the font outside the line that is about to be set.

        fpdf2 2.8.9 names it inside a line that begins with a fallback glyph and takes it for settled, so that
        the text after a Japanese one comes out as other letters (py-pdf/fpdf2 issue 1772, fixed in part).
        """
        if self.page and self.current_font is not None and not self.current_font_is_set_on_page:
            self._out(self._set_font_for_page(self.current_font, self.font_size_pt))

    def _table(self, part: Part) -> None:
        self.set_font("latin", size=part.size)
        self.set_draw_color(170)
        self.set_line_width(0.15)
        with self.table(
            [part.header, *part.rows],
            # Widths that fill the page may add up to one rounding more, which fpdf2 refuses.
            width=min(sum(part.widths), self.epw),
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
