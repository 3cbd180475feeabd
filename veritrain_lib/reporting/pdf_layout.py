"""The class `PdfDocument`, the PDF writer of reports: A4 pages, bundled fonts, page numbers, paragraphs and tables."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from fpdf import FPDF
from fpdf.enums import Align, TableBordersLayout, TableCellFillMode, XPos, YPos
from fpdf.fonts import FontFace
from fpdf.line_break import TextLine

from veritrain_lib.fast.pdf_pictures import register_picture
from veritrain_lib.fonts import system as system_fonts
from veritrain_lib.fonts.bundled import japanese_font, latin_font
from veritrain_lib.reporting.cells import Grid
from veritrain_lib.reporting.line_breaks import ZERO_WIDTH_SPACE, remove_break_marks, with_line_breaks
from veritrain_lib.reporting.png_file import decode
from veritrain_lib.reporting.table_columns import PADDING, TablePart, fit_columns

MARGIN = 15.0
"""Page margin on every side, in millimetres."""


class PdfDocument(FPDF):
    """PDF of a report while it is written: A4 portrait with a footer on every page.

    Text is set in DejaVu Sans, and in IPAex Gothic or a font of the system where DejaVu Sans lacks a
    character.
    """

    footer_text = ""

    undrawable: dict[str, None]
    """Characters that no font has, in order of occurrence (the values are None); they are drawn as boxes."""

    def __init__(self) -> None:
        super().__init__(orientation="portrait", unit="mm", format="A4")
        self.undrawable = {}
        self._system_fonts: dict[str, str] = {}
        self.set_margins(MARGIN, MARGIN)
        self.set_auto_page_break(True, margin=MARGIN + 5)
        self.add_font("latin", "", latin_font())
        self.add_font("latin", "B", latin_font(bold=True))
        # Without any fallback font fpdf2 would not call `get_fallback_font`.
        self.set_fallback_fonts(["latin"], exact_match=False)
        self.set_font("latin", size=10)

    def get_fallback_font(self, char: str, style: str = "") -> str | None:
        """Return the name of a font for a character that the main font lacks; None if no font has it. Called by fpdf2.

        The Japanese font takes 0.3 s to open, so it is opened only when a text needs it.

        Args:
            char: the character.
            style: the style as fpdf2 writes it, such as `B` for bold.
        """
        if "japanese" not in self.fonts:
            self.add_font("japanese", "", japanese_font())
            # The Japanese font has only one weight, which is also used for bold.
            self.set_fallback_fonts(["japanese"], exact_match=False)
        font: str | None = super().get_fallback_font(char, style)
        return font or self._system_font(char)

    def _system_font(self, char: str) -> str | None:
        """Return the name of a system font for a character that the bundled fonts lack; None if there is none."""
        if not system_fonts.uncovered_characters(char):
            return None
        file = system_fonts.font_for(char)
        if file is None:
            self.undrawable[char] = None
            return None
        if str(file) not in self._system_fonts:
            name = f"system{len(self._system_fonts)}"
            try:
                self.add_font(name, "", file)
            except Exception as error:  # noqa: BLE001  # a system font may be damaged in any way
                logging.getLogger(__name__).warning("The font %s can't be used: %s", file, error)
                name = ""
            self._system_fonts[str(file)] = name
        if not self._system_fonts[str(file)]:
            self.undrawable[char] = None
        return self._system_fonts[str(file)] or None

    def header(self) -> None:
        """Select the font at the start of a PDF page. Called by fpdf2."""
        self._select_font()

    def footer(self) -> None:
        """Write the footer of a PDF page: a text and the page number. Called by fpdf2."""
        self.set_y(-MARGIN)
        self.set_font("latin", size=7.5)
        self.set_text_color(90)
        number = f"{self.page_no()} / {{nb}}"
        with self._shaping(self.footer_text):
            self.cell(self.epw - 25, 5, self._truncate(self.footer_text, self.epw - 30))
        self.cell(25, 5, number, align=Align.R)
        self.set_text_color(0)

    def write_paragraph(
        self, text: str, size: float, bold: bool = False, grey: int = 0, after: float = 1.5
    ) -> None:
        """Write a paragraph over the full width of the PDF page.

        Args:
            text: the text.
            size: font size in points.
            bold: whether the text is bold.
            grey: grey level of the text, 0 (black) to 255 (white).
            after: space below the paragraph in millimetres.
        """
        self.set_font("latin", "B" if bold else "", size)
        self.set_text_color(grey)
        height = size * 0.5
        self.multi_cell(0, height, text, align=Align.L, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_text_color(0)
        self.ln(after)

    def write_picture(self, content: bytes, width: float, height: float, alt: str) -> None:
        """Write a picture file at the left margin of the PDF page.

        Args:
            content: the bytes of the picture file, usually a PNG.
            width: width in millimetres.
            height: height in millimetres.
            alt: alternative text for screen readers.
        """
        png = decode(content)
        name = register_picture(self, content, png.width, png.height, png.deflated) if png else None
        self.image(name or BytesIO(content), w=width, h=height, alt_text=alt)

    def ensure_space(self, height: float) -> None:
        """Start a new PDF page unless `height` millimetres are left on the current one."""
        if self.will_page_break(height):
            self.add_page()

    def write_table(self, grid: Grid) -> None:
        """Write a table to the PDF, with wrapped cells and a header on each page.

        A table that is too wide for the page is split into several tables with some of the columns each.
        """
        for part in fit_columns(self, grid):
            if part.title:
                self.ensure_space(24)
                self.write_paragraph(part.title, 7.5, grey=90, after=0.5)
            self._table(part)
            self.ln(1.5)
        if grid.remark or not grid.rows:
            self.write_paragraph(grid.remark or "no rows", 7.5, grey=90)

    def multi_cell(self, w: float, h: float | None = None, text: str = "", *args: Any, **kwargs: Any) -> Any:
        """Write text over several lines of the PDF, with line breaks in Japanese text.

        This overrides fpdf2's method, which fpdf2 also calls for the cells of tables; see there for the
        arguments.
        """
        with self._shaping(text):
            return super().multi_cell(w, h, with_line_breaks(text), *args, **kwargs)

    @contextlib.contextmanager
    def _shaping(self, text: str) -> Iterator[None]:
        """Enable text shaping inside the `with` block if the text needs it (Arabic, Hebrew, Devanagari and others).

        Shaping is slow, so it is off for all other texts.
        """
        if not system_fonts.needs_shaping(text):
            yield
            return
        self.set_text_shaping(True)
        try:
            yield
        finally:
            self.set_text_shaping(False)

    def _render_styled_text_line(self, text_line: TextLine, *args: Any, **kwargs: Any) -> bool:
        self._select_font()
        if any(ZERO_WIDTH_SPACE in fragment.characters for fragment in text_line.fragments):
            text_line = text_line._replace(fragments=remove_break_marks(text_line.fragments))
        return super()._render_styled_text_line(text_line, *args, **kwargs)

    def _select_font(self) -> None:
        """Write the command that selects the current font, before the next line is written.

        fpdf2 2.8.9 selects the font inside a line that begins with a glyph of another font, and assumes that
        it stays selected; text after Japanese text would be drawn with wrong glyphs (py-pdf/fpdf2 issue 1772,
        fixed in part).
        """
        if self.page and self.current_font is not None and not self.current_font_is_set_on_page:
            self._out(self._set_font_for_page(self.current_font, self.font_size_pt))

    def _table(self, part: TablePart) -> None:
        self.set_font("latin", size=part.size)
        self.set_draw_color(170)
        self.set_line_width(0.15)
        with self.table(
            [part.header, *part.rows],
            # Rounding may make the sum of the widths exceed the page width, which fpdf2 rejects.
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

    def _truncate(self, text: str, width: float) -> str:
        while text and self.get_string_width(text) > width:
            text = text[:-2].rstrip("…") + "…" if len(text) > 2 else ""
        return text
