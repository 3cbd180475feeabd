"""Charts and report documents as PNG, SVG, HTML, PDF and Word files.

The package takes plain DataFrames and dataclasses and imports no other package of the library except `core`,
so a stage, a notebook and a test can all use it. Nothing here fetches anything: pages and pictures are
self-contained.

Contents, simplest first:
    fonts          paths of the bundled fonts, Japanese included
    system_fonts   fonts of the machine for scripts that the bundled fonts lack
    cells          a DataFrame formatted as a grid of strings
    html           an HTML table or picture for a notebook
    png_file       fast PNG encoding and decoding
    render         a matplotlib figure as PNG or SVG, with the same bytes every time
    document       the content of a report, independent of the output format
    page           a report document as one HTML page
    table_columns  column widths of PDF tables
    pdf_layout     the PDF writer: fonts, footer, paragraphs, tables
    pdf            a report document as PDF
    docx           a report document as a Word file
    pictures       the charts, one per file (matplotlib is loaded only when something is drawn)
"""

from veritrain_lib.reporting.document import (
    Block,
    Heading,
    KeyValues,
    Paragraph,
    Picture,
    ReportDocument,
    TableBlock,
    VerdictBlock,
)
from veritrain_lib.reporting.html import table_html
from veritrain_lib.reporting.page import to_html
from veritrain_lib.reporting.pdf import to_pdf

__all__ = [
    "Block",
    "Heading",
    "KeyValues",
    "Paragraph",
    "Picture",
    "ReportDocument",
    "TableBlock",
    "VerdictBlock",
    "table_html",
    "to_html",
    "to_pdf",
]
