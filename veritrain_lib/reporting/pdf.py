"""A document as a PDF, set by fpdf2 with typefaces from wheels: no library of the system is needed."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING, cast

from veritrain_lib.reporting.cells import clean, clipped, lay_out
from veritrain_lib.reporting.document import (
    VERDICT_WORD,
    Block,
    Document,
    Heading,
    KeyValues,
    Paragraph,
    Picture,
    Table,
    Verdict,
    VerdictKind,
)
from veritrain_lib.reporting.system_fonts import told

if TYPE_CHECKING:
    from veritrain_lib.reporting.pdf_layout import Paper

TALLEST = 225.0
"""Millimetres of the tallest picture, so that its caption stays on the page."""

LONGEST_VALUE = 1000
"""Characters of a value in `KeyValues`: a row must fit a page."""

VERDICT_COLOUR: dict[VerdictKind, tuple[int, int, int]] = {
    "better": (0, 114, 178),
    "not better": (213, 94, 0),
    "inconclusive": (138, 109, 0),
    "blocked": (213, 94, 0),
    "info": (107, 114, 128),
}
"""The colours of the page: Okabe and Ito (2008), darkened where paper needs it."""


def to_pdf(document: Document, made: datetime) -> bytes:
    """The document on A4 pages, with page numbers, bookmarks and alt texts.

    `made` is the date in the footer and in the file's properties (without a time zone it is taken as UTC).
    The same document and date give the same bytes on one machine. Letters that our typefaces lack are set in one of
    the machine's; what that lacks too shows as boxes, and the last paragraph says which letters they are.
    """
    from veritrain_lib.reporting.pdf_layout import new_paper

    if made.tzinfo is None:
        made = made.replace(tzinfo=UTC)
    paper = new_paper()
    paper.footer_text = clean(f"{document.title} · {made:%Y-%m-%d %H:%M %Z}")
    paper.set_creation_date(made)
    paper.set_title(clean(document.title))
    paper.set_lang(document.language)
    paper.set_producer("veritrain")
    paper.add_page()
    paper.line_of(clean(document.title), 18, bold=True, after=1)
    if document.subtitle:
        paper.line_of(clean(document.subtitle), 10.5, grey=90, after=3)
    for block in document.blocks:
        _set(paper, block)
    if paper.undrawn:
        # Without the letters themselves: they would show as boxes here too.
        paper.line_of(told(paper.undrawn), 8.5, grey=90)
    return bytes(paper.output())


def _set(paper: Paper, block: Block) -> None:
    match block:
        case Heading(text):
            paper.need(30)
            paper.ln(3)
            # Bookmarks take one line.
            paper.start_section(" ".join(clean(text).split()), strict=False)
            paper.line_of(clean(text), 13, bold=True)
        case Paragraph(text):
            for part in clean(text).split("\n\n"):
                if part.strip():
                    paper.line_of(part.strip(), 10)
        case Table(frame, caption, max_rows):
            paper.need(28)
            if caption:
                paper.line_of(clean(caption), 9, bold=True, after=0.8)
            paper.grid(lay_out(frame, max_rows))
            paper.ln(2)
        case Picture():
            _picture(paper, block)
        case Verdict(text, kind):
            _verdict(paper, clean(text), kind)
        case KeyValues(items, caption):
            _pairs(paper, items, caption)


def _picture(paper: Paper, picture: Picture) -> None:
    content = picture.png
    width, height = _size(content)
    # Our figures are drawn at 200 dots an inch; a picture of unknown origin is treated alike.
    scale = min(25.4 / 200, paper.epw / width, TALLEST / height)
    paper.need(height * scale + (8 if picture.caption else 2))
    paper.picture(content, width * scale, height * scale, clean(picture.spoken))
    paper.ln(1)
    if picture.caption:
        paper.line_of(clean(picture.caption), 8.5, grey=90)
    paper.ln(2)


def _size(content: bytes) -> tuple[int, int]:
    from veritrain_lib.reporting.png_file import decode

    found = decode(content)
    if found:
        return found.width, found.height
    from PIL import Image

    with Image.open(BytesIO(content)) as image:
        return image.size


def _verdict(paper: Paper, text: str, kind: VerdictKind) -> None:
    paper.set_font("latin", size=10.5)
    word = f"{VERDICT_WORD[kind]}   "
    height = cast(
        float,
        paper.multi_cell(
            paper.epw - 4, 5.5, word + text, align="L", dry_run=True, output="HEIGHT", padding=2
        ),
    )
    paper.need(height + 2)
    top = paper.get_y()
    paper.set_fill_color(243, 244, 247)
    paper.rect(paper.l_margin, top, paper.epw, height, style="F")
    paper.set_fill_color(*VERDICT_COLOUR[kind])
    paper.rect(paper.l_margin, top, 1.6, height, style="F")
    # fpdf2 would fill the cells of the next table with the last colour.
    paper.set_fill_color(0)
    paper.set_xy(paper.l_margin + 4, top)
    paper.multi_cell(paper.epw - 4, 5.5, word + text, align="L", padding=2, new_x="LMARGIN", new_y="NEXT")
    paper.set_y(top + height)
    paper.ln(3)


def _pairs(paper: Paper, items: tuple[tuple[str, str], ...], caption: str) -> None:
    if caption:
        paper.need(20)
        paper.line_of(clean(caption), 9, bold=True, after=0.8)
    if not items:
        return
    paper.set_font("latin", size=9.5)
    pairs = [(clipped(name), clipped(str(value), LONGEST_VALUE)) for name, value in items]
    names = max(paper.get_string_width(name) for name, _ in pairs) + 4
    left = min(names, paper.epw * 0.4)
    with paper.table(
        pairs,
        col_widths=(left, paper.epw - left),
        text_align="LEFT",
        first_row_as_headings=False,
        borders_layout="NONE",
        line_height=4.8,
        padding=(0.2, 1),
    ):
        pass
    paper.ln(2)
