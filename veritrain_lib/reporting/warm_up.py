"""What pictures and pages need once a process, done ahead in a process that others are forked from."""

from __future__ import annotations


def warm_up() -> None:
    """Register the typefaces, find them once, draw a picture as PNG, set a line as PDF, and have a sheet ready.

    Safe before a fork: it starts no thread and runs no OpenMP code, and matplotlib opens its fonts anew in a
    fork. Takes 0.6 s with its imports, changes no result.
    """
    from datetime import UTC, datetime

    import pandas as pd

    from veritrain_lib.reporting.document import Document, Paragraph, Picture, Table
    from veritrain_lib.reporting.page import to_html
    from veritrain_lib.reporting.pdf import to_pdf
    from veritrain_lib.reporting.pdf_layout import make_ahead
    from veritrain_lib.reporting.pictures import rates

    frame = pd.DataFrame(
        {"name": ["one", "two"], "value": [0.5, 0.75], "low": [0.4, 0.7], "high": [0.6, 0.8], "n": [9, 9]}
    )
    document = Document("Warm-up", "", (Paragraph("nothing"), Table(frame), Picture(rates(frame, "Nothing"))))
    to_html(document)
    to_pdf(document, datetime(2026, 1, 1, tzinfo=UTC))
    make_ahead()
    _letters()


def _letters() -> None:
    """Draw the letters that labels are made of, at the sizes of our pictures."""
    from string import printable

    from matplotlib.font_manager import FontProperties

    from veritrain_lib.reporting import glyph_cache
    from veritrain_lib.reporting.fonts import FAMILIES
    from veritrain_lib.reporting.pictures.canvas import LARGE, NORMAL, SMALL
    from veritrain_lib.reporting.render import DOTS

    for size, weight in ((SMALL, "normal"), (NORMAL, "normal"), (LARGE, "bold")):
        glyph_cache.image(
            printable.strip() + "…→–", FontProperties(family=list(FAMILIES), size=size, weight=weight), DOTS
        )
