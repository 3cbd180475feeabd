"""Charts and report documents of the loop as PNG, SVG, HTML, PDF and Word files.

The package takes plain DataFrames and dataclasses and imports only `core`, `fonts` and `fast` from the rest
of the library, so a stage, a notebook and a test can all use it. Pages and pictures are self-contained:
nothing is fetched from the network.

Contents, simplest first:

- `cells`: a DataFrame formatted as a grid of strings
- `japanese`, `line_breaks`: language attributes and line breaks of Japanese text
- `html`: an HTML table or picture for a notebook
- `png_file`, `stored_picture`: fast PNG encoding and decoding, and a chart that was stored as PNG
- `render`: a matplotlib figure as PNG or SVG, with the same bytes every time
- `document`: the content of a report, independent of the output format
- `page`, `pdf`, `docx`: a report document as one HTML page, as PDF, as a Word file
- `pdf_layout`, `table_columns`: the PDF writer (fonts, footer, paragraphs, tables), and the widths of its
  tables' columns
- `probe_card`, `side_by_side`: the results of probes, and the answers of two models, as notebook output
- `pictures`: the charts, one per file (matplotlib is loaded only when something is drawn)
- `warm_up`: preparation of charts and pages in the process from which kernels are forked
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
