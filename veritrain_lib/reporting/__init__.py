"""Pictures and pages: what a person looks at.

The room takes plain DataFrames and dataclasses and knows no other room, so a stage, a notebook
and a test can all use it. Nothing here fetches anything: pages and pictures are self-contained.

Contents, simplest first:
    fonts      where the typefaces are, Japanese included
    cells      a DataFrame as aligned texts
    html       a table or a picture inside a notebook
    png_file   PNG files, written fast and opened for a PDF
    render     a figure as PNG or SVG, the same bytes every time
    document   what a report says, apart from how it looks
    page       a document as one HTML page
    columns    how a table finds room on paper
    paper      the sheet of the PDF: fonts, footer, paragraphs, tables
    pdf        a document as a PDF
    pictures   the drawings, one a file (loads matplotlib only when something is drawn)
"""

from veritrain_lib.reporting.document import (
    Block,
    Document,
    Heading,
    KeyValues,
    Paragraph,
    Picture,
    Table,
    Verdict,
)
from veritrain_lib.reporting.html import table_html
from veritrain_lib.reporting.page import to_html
from veritrain_lib.reporting.pdf import to_pdf

__all__ = [
    "Block",
    "Document",
    "Heading",
    "KeyValues",
    "Paragraph",
    "Picture",
    "Table",
    "Verdict",
    "table_html",
    "to_html",
    "to_pdf",
]
