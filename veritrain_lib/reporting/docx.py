"""A document as a Word file: its own headings, tables and pictures, so that people can go on writing in it."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

from veritrain_lib.reporting.cells import Grid, clean, clipped, lay_out
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
)

if TYPE_CHECKING:
    from docx.document import Document as Paper

LATIN, JAPANESE = "Calibri", "Yu Gothic"
"""Typefaces that Word has; another program puts its own in their place. Word takes the second for Japanese."""

WIDTH_MM, HEIGHT_MM, MARGIN_MM = 210, 297, 20
"""A4."""

TALLEST_MM = 200.0
WIDE = 6
"""Columns from which a table is set smaller."""

LONGEST_VALUE = 1000


def to_docx(document: Document, made: datetime) -> bytes:
    """The document as the bytes of a .docx file. `made` becomes its date (without a time zone it is taken as UTC)."""
    from docx import Document as open_paper

    paper = open_paper()
    _set_up(paper, document, made if made.tzinfo else made.replace(tzinfo=UTC))
    paper.add_heading(clean(document.title), 0)
    if document.subtitle:
        paper.add_paragraph(clean(document.subtitle), style="Subtitle")
    for block in document.blocks:
        _set(paper, block)
    written = BytesIO()
    paper.save(written)
    return written.getvalue()


def _set_up(paper: Paper, document: Document, made: datetime) -> None:
    from docx.shared import Mm, Pt

    for section in paper.sections:
        section.page_width, section.page_height = Mm(WIDTH_MM), Mm(HEIGHT_MM)
        section.left_margin = section.right_margin = Mm(MARGIN_MM)
        section.top_margin = section.bottom_margin = Mm(MARGIN_MM)
    for name in ("Normal", "Title", "Subtitle", "Heading 1", "Caption", "Intense Quote"):
        _typeface(paper.styles[name])
    paper.styles["Normal"].font.size = Pt(10.5)
    _language(paper, document.language)
    facts = paper.core_properties
    facts.title, facts.author, facts.language = clean(document.title)[:250], "Veri-Train", document.language
    facts.comments = ""
    facts.created = facts.modified = made.astimezone(UTC).replace(tzinfo=None)


def _typeface(style: Any) -> None:
    from docx.oxml.ns import qn

    style.font.name = LATIN
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    # A theme's typeface would win over the named one.
    for name in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{name}"), None)
    for name, face in (("ascii", LATIN), ("hAnsi", LATIN), ("eastAsia", JAPANESE)):
        fonts.set(qn(f"w:{name}"), face)


def _language(paper: Paper, language: str) -> None:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    style: Any = paper.styles["Normal"]
    told = OxmlElement("w:lang")
    told.set(qn("w:val"), "ja-JP" if language == "ja" else "en-US")
    told.set(qn("w:eastAsia"), "ja-JP")
    style.element.get_or_add_rPr().append(told)


def _set(paper: Paper, block: Block) -> None:
    match block:
        case Heading(text):
            paper.add_heading(" ".join(clean(text).split()), 1)
        case Paragraph(text):
            for part in clean(text).split("\n\n"):
                if part.strip():
                    paper.add_paragraph(part.strip())
        case Table(frame, caption, max_rows):
            _table(paper, lay_out(frame, max_rows), clean(caption))
        case Picture():
            _picture(paper, block)
        case Verdict(text, kind):
            said = paper.add_paragraph(style="Intense Quote")
            said.add_run(f"{VERDICT_WORD[kind]}  ").bold = True
            said.add_run(clean(text))
        case KeyValues(items, caption):
            _pairs(paper, items, clean(caption))


def _table(paper: Paper, grid: Grid, caption: str) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement
    from docx.shared import Pt

    if caption:
        paper.add_paragraph(caption, style="Caption").paragraph_format.keep_with_next = True
    if not grid.header:
        return
    table = paper.add_table(rows=1 + len(grid.rows), cols=len(grid.header), style="Table Grid")
    size = Pt(9 if len(grid.header) < WIDE else 7)
    # Word repeats the head on every page.
    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    for row, texts in zip(table.rows, (grid.header, *grid.rows), strict=True):
        for cell, text, numeric in zip(row.cells, texts, grid.numeric, strict=True):
            line = cell.paragraphs[0]
            run = line.add_run(text)
            run.font.size, run.bold = size, texts is grid.header
            if numeric:
                line.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    paper.add_paragraph(grid.remark)


def _picture(paper: Paper, picture: Picture) -> None:
    from docx.shared import Mm

    shape = paper.add_picture(BytesIO(picture.png), width=Mm(WIDTH_MM - 2 * MARGIN_MM))
    if shape.height > Mm(TALLEST_MM):
        shape.width = int(shape.width * Mm(TALLEST_MM) / shape.height)
        shape.height = Mm(TALLEST_MM)
    shape._inline.docPr.set("descr", clean(picture.spoken))
    if picture.caption:
        paper.add_paragraph(clean(picture.caption), style="Caption")


def _pairs(paper: Paper, items: tuple[tuple[str, str], ...], caption: str) -> None:
    from docx.shared import Mm, Pt

    if caption:
        paper.add_paragraph(caption, style="Caption").paragraph_format.keep_with_next = True
    if not items:
        return
    table = paper.add_table(rows=len(items), cols=2)
    widths = (Mm(45), Mm(WIDTH_MM - 2 * MARGIN_MM - 45))
    for row, (name, value) in zip(table.rows, items, strict=True):
        for cell, width, text in zip(
            row.cells, widths, (clipped(name), clipped(str(value), LONGEST_VALUE)), strict=True
        ):
            cell.width = width
            cell.paragraphs[0].add_run(text).font.size = Pt(9)
        row.cells[0].paragraphs[0].runs[0].bold = True
    paper.add_paragraph("")
