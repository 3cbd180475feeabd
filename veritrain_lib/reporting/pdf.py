"""The function `to_pdf`, which writes a report document as PDF with fpdf2 and the bundled fonts."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING, cast

from veritrain_lib.fonts.system import missing_glyph_message
from veritrain_lib.reporting.cells import clean, to_grid, truncate
from veritrain_lib.reporting.document import (
    VERDICT_LABELS,
    Block,
    Heading,
    KeyValues,
    Paragraph,
    Picture,
    ReportDocument,
    TableBlock,
    VerdictBlock,
    VerdictKind,
)

if TYPE_CHECKING:
    from veritrain_lib.reporting.pdf_layout import PdfDocument

MAX_PICTURE_HEIGHT = 225.0
"""Greatest height of a picture in millimetres, so that its caption fits on the same page."""

MAX_VALUE_CHARACTERS = 1000
"""Maximum number of characters shown of a value in a `KeyValues` block, so that a row fits on a page."""

VERDICT_COLOURS: dict[VerdictKind, tuple[int, int, int]] = {
    "better": (0, 114, 178),
    "not better": (213, 94, 0),
    "inconclusive": (138, 109, 0),
    "blocked": (213, 94, 0),
    "info": (107, 114, 128),
}
"""RGB colour of each kind of verdict, from Okabe and Ito (2008), darkened for print where necessary."""


def to_pdf(document: ReportDocument, made: datetime) -> bytes:
    """Return a report document as the bytes of an A4 PDF with page numbers, bookmarks and alternative texts.

    The same document and date give the same bytes on one machine. Characters that the bundled fonts lack are
    set in a font of the system. Characters that no font has are drawn as boxes, and the last paragraph lists
    them.

    Args:
        document: the report.
        made: date in the footer and in the file's properties; without a time zone it is taken as UTC.
    """
    from veritrain_lib.reporting.pdf_layout import PdfDocument

    if made.tzinfo is None:
        made = made.replace(tzinfo=UTC)
    pdf = PdfDocument()
    pdf.footer_text = clean(f"{document.title} · {made:%Y-%m-%d %H:%M %Z}")
    pdf.set_creation_date(made)
    pdf.set_title(clean(document.title))
    pdf.set_lang(document.language)
    pdf.set_producer("veritrain")
    pdf.add_page()
    pdf.write_paragraph(clean(document.title), 18, bold=True, after=1)
    if document.subtitle:
        pdf.write_paragraph(clean(document.subtitle), 10.5, grey=90, after=3)
    for block in document.blocks:
        _add_block(pdf, block)
    if pdf.undrawable:
        # Without the characters themselves, which would be drawn as boxes here too.
        pdf.write_paragraph(missing_glyph_message(pdf.undrawable), 8.5, grey=90)
    return bytes(pdf.output())


def _add_block(pdf: PdfDocument, block: Block) -> None:
    match block:
        case Heading(text):
            pdf.ensure_space(30)
            pdf.ln(3)
            # Bookmarks take one line.
            pdf.start_section(" ".join(clean(text).split()), strict=False)
            pdf.write_paragraph(clean(text), 13, bold=True)
        case Paragraph(text):
            for part in clean(text).split("\n\n"):
                if part.strip():
                    pdf.write_paragraph(part.strip(), 10)
        case TableBlock(frame, caption, max_rows):
            pdf.ensure_space(28)
            if caption:
                pdf.write_paragraph(clean(caption), 9, bold=True, after=0.8)
            pdf.write_table(to_grid(frame, max_rows))
            pdf.ln(2)
        case Picture():
            _picture(pdf, block)
        case VerdictBlock(text, kind):
            _verdict(pdf, clean(text), kind)
        case KeyValues(items, caption):
            _pairs(pdf, items, caption)


def _picture(pdf: PdfDocument, picture: Picture) -> None:
    content = picture.png
    width, height = _size(content)
    # Our figures are drawn at 200 dots per inch; pictures of unknown origin are treated the same.
    scale = min(25.4 / 200, pdf.epw / width, MAX_PICTURE_HEIGHT / height)
    pdf.ensure_space(height * scale + (8 if picture.caption else 2))
    pdf.write_picture(content, width * scale, height * scale, clean(picture.alt_text))
    pdf.ln(1)
    if picture.caption:
        pdf.write_paragraph(clean(picture.caption), 8.5, grey=90)
    pdf.ln(2)


def _size(content: bytes) -> tuple[int, int]:
    from veritrain_lib.reporting.png_file import decode

    image_info = decode(content)
    if image_info:
        return image_info.width, image_info.height
    from PIL import Image

    with Image.open(BytesIO(content)) as image:
        return image.size


def _verdict(pdf: PdfDocument, text: str, kind: VerdictKind) -> None:
    pdf.set_font("latin", size=10.5)
    label = f"{VERDICT_LABELS[kind]}   "
    height = cast(
        float,
        pdf.multi_cell(pdf.epw - 4, 5.5, label + text, align="L", dry_run=True, output="HEIGHT", padding=2),
    )
    pdf.ensure_space(height + 2)
    top = pdf.get_y()
    pdf.set_fill_color(243, 244, 247)
    pdf.rect(pdf.l_margin, top, pdf.epw, height, style="F")
    pdf.set_fill_color(*VERDICT_COLOURS[kind])
    pdf.rect(pdf.l_margin, top, 1.6, height, style="F")
    # fpdf2 would fill the cells of the next table with the last colour.
    pdf.set_fill_color(0)
    pdf.set_xy(pdf.l_margin + 4, top)
    pdf.multi_cell(pdf.epw - 4, 5.5, label + text, align="L", padding=2, new_x="LMARGIN", new_y="NEXT")
    pdf.set_y(top + height)
    pdf.ln(3)


def _pairs(pdf: PdfDocument, items: tuple[tuple[str, str], ...], caption: str) -> None:
    if caption:
        pdf.ensure_space(20)
        pdf.write_paragraph(clean(caption), 9, bold=True, after=0.8)
    if not items:
        return
    pdf.set_font("latin", size=9.5)
    pairs = [(truncate(name), truncate(str(value), MAX_VALUE_CHARACTERS)) for name, value in items]
    name_width = max(pdf.get_string_width(name) for name, _ in pairs) + 4
    left = min(name_width, pdf.epw * 0.4)
    with pdf.table(
        pairs,
        col_widths=(left, pdf.epw - left),
        text_align="LEFT",
        first_row_as_headings=False,
        borders_layout="NONE",
        line_height=4.8,
        padding=(0.2, 1),
    ):
        pass
    pdf.ln(2)
