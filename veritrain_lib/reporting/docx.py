"""The function `to_docx`, which writes a report as a Word file with native headings, tables and pictures."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

from veritrain_lib.reporting.cells import Grid, clean, to_grid, truncate
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
)

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

LATIN, JAPANESE = "Calibri", "Yu Gothic"
"""Fonts for Latin and for Japanese text; Word has both, other programs substitute their own."""

WIDTH_MM, HEIGHT_MM, MARGIN_MM = 210, 297, 20
"""Page width, page height and margin in millimetres (A4)."""

MAX_PICTURE_HEIGHT_MM = 200.0
WIDE_TABLE_COLUMNS = 6
"""Number of columns from which a table is set in a smaller font size."""

MAX_VALUE_CHARACTERS = 1000


def to_docx(document: ReportDocument, made: datetime) -> bytes:
    """Return a report document as the bytes of a Word file (.docx).

    Args:
        document: the report.
        made: date in the file's properties; without a time zone it is taken as UTC.
    """
    from docx import Document as new_docx

    word_file = new_docx()
    _set_up_page(word_file, document, made if made.tzinfo else made.replace(tzinfo=UTC))
    word_file.add_heading(clean(document.title), 0)
    if document.subtitle:
        word_file.add_paragraph(clean(document.subtitle), style="Subtitle")
    for block in document.blocks:
        _add_block(word_file, block)
    buffer = BytesIO()
    word_file.save(buffer)
    return buffer.getvalue()


def _set_up_page(word_file: WordDocument, document: ReportDocument, made: datetime) -> None:
    from docx.shared import Mm, Pt

    for section in word_file.sections:
        section.page_width, section.page_height = Mm(WIDTH_MM), Mm(HEIGHT_MM)
        section.left_margin = section.right_margin = Mm(MARGIN_MM)
        section.top_margin = section.bottom_margin = Mm(MARGIN_MM)
    for name in ("Normal", "Title", "Subtitle", "Heading 1", "Caption", "Intense Quote"):
        _set_font(word_file.styles[name])
    word_file.styles["Normal"].font.size = Pt(10.5)
    _set_language(word_file, document.language)
    properties = word_file.core_properties
    properties.title, properties.author, properties.language = (
        clean(document.title)[:250],
        "Veri-Train",
        document.language,
    )
    properties.comments = ""
    properties.created = properties.modified = made.astimezone(UTC).replace(tzinfo=None)


def _set_font(style: Any) -> None:
    from docx.oxml.ns import qn

    style.font.name = LATIN
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    # A theme font would take precedence over the named one.
    for name in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{name}"), None)
    for name, font in (("ascii", LATIN), ("hAnsi", LATIN), ("eastAsia", JAPANESE)):
        fonts.set(qn(f"w:{name}"), font)


def _set_language(word_file: WordDocument, language: str) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    style: Any = word_file.styles["Normal"]
    element = OxmlElement("w:lang")
    element.set(qn("w:val"), "ja-JP" if language == "ja" else "en-US")
    element.set(qn("w:eastAsia"), "ja-JP")
    style.element.get_or_add_rPr().append(element)


def _add_block(word_file: WordDocument, block: Block) -> None:
    match block:
        case Heading(text):
            word_file.add_heading(" ".join(clean(text).split()), 1)
        case Paragraph(text):
            for part in clean(text).split("\n\n"):
                if part.strip():
                    word_file.add_paragraph(part.strip())
        case TableBlock(frame, caption, max_rows):
            _table(word_file, to_grid(frame, max_rows), clean(caption))
        case Picture():
            _picture(word_file, block)
        case VerdictBlock(text, kind):
            paragraph = word_file.add_paragraph(style="Intense Quote")
            paragraph.add_run(f"{VERDICT_LABELS[kind]}  ").bold = True
            paragraph.add_run(clean(text))
        case KeyValues(items, caption):
            _pairs(word_file, items, clean(caption))


def _table(word_file: WordDocument, grid: Grid, caption: str) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Pt

    if caption:
        word_file.add_paragraph(caption, style="Caption").paragraph_format.keep_with_next = True
    if not grid.header:
        return
    table = word_file.add_table(rows=1 + len(grid.rows), cols=len(grid.header), style="Table Grid")
    size = Pt(9 if len(grid.header) < WIDE_TABLE_COLUMNS else 7)
    # Word repeats the header row on every page.
    first_row = list(word_file.element.body.iter(qn("w:tbl")))[-1].find(qn("w:tr"))
    first_row.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    for row, texts in zip(table.rows, (grid.header, *grid.rows), strict=True):
        for cell, text, numeric in zip(row.cells, texts, grid.numeric, strict=True):
            line = cell.paragraphs[0]
            run = line.add_run(text)
            run.font.size, run.bold = size, texts is grid.header
            if numeric:
                line.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    word_file.add_paragraph(grid.remark)


def _picture(word_file: WordDocument, picture: Picture) -> None:
    from docx.oxml.ns import qn
    from docx.shared import Mm

    shape = word_file.add_picture(BytesIO(picture.png), width=Mm(WIDTH_MM - 2 * MARGIN_MM))
    if shape.height > Mm(MAX_PICTURE_HEIGHT_MM):
        shape.width = int(shape.width * Mm(MAX_PICTURE_HEIGHT_MM) / shape.height)
        shape.height = Mm(MAX_PICTURE_HEIGHT_MM)
    list(word_file.element.body.iter(qn("wp:docPr")))[-1].set("descr", clean(picture.alt_text))
    if picture.caption:
        word_file.add_paragraph(clean(picture.caption), style="Caption")


def _pairs(word_file: WordDocument, items: tuple[tuple[str, str], ...], caption: str) -> None:
    from docx.shared import Mm, Pt

    if caption:
        word_file.add_paragraph(caption, style="Caption").paragraph_format.keep_with_next = True
    if not items:
        return
    table = word_file.add_table(rows=len(items), cols=2)
    widths = (Mm(45), Mm(WIDTH_MM - 2 * MARGIN_MM - 45))
    for row, (name, value) in zip(table.rows, items, strict=True):
        for cell, width, text in zip(
            row.cells, widths, (truncate(name), truncate(str(value), MAX_VALUE_CHARACTERS)), strict=True
        ):
            cell.width = width
            cell.paragraphs[0].add_run(text).font.size = Pt(9)
        row.cells[0].paragraphs[0].runs[0].bold = True
    word_file.add_paragraph("")
