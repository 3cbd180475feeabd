"""Preparation of charts and PDF pages in the process from which the kernels of notebooks are forked."""

from __future__ import annotations


def warm_up() -> None:
    """Draw one chart and write one PDF page, so that kernels which are forked afterwards are fast from the start.

    This is safe before a fork: it starts no thread and runs no OpenMP code, and matplotlib reopens its fonts
    after a fork. It takes 0.6 s including imports and changes no result.
    """
    from datetime import UTC, datetime

    import pandas as pd

    from veritrain_lib.reporting.document import Paragraph, Picture, ReportDocument, TableBlock
    from veritrain_lib.reporting.page import to_html
    from veritrain_lib.reporting.pdf import to_pdf
    from veritrain_lib.reporting.pictures import rates

    frame = pd.DataFrame(
        {"name": ["one", "two"], "value": [0.5, 0.75], "low": [0.4, 0.7], "high": [0.6, 0.8], "n": [9, 9]}
    )
    document = ReportDocument(
        "Warm-up", "", (Paragraph("nothing"), TableBlock(frame), Picture(rates(frame, "Nothing")))
    )
    to_html(document)
    to_pdf(document, datetime(2026, 1, 1, tzinfo=UTC))
    _render_characters()


def _render_characters() -> None:
    """Render the characters of common chart labels at the font sizes of all charts, which fills the cache of glyphs."""
    from string import printable

    from matplotlib.font_manager import FontProperties

    from veritrain_lib.fast import glyph_cache
    from veritrain_lib.fonts.bundled import FAMILIES
    from veritrain_lib.reporting.pictures.canvas import LARGE, NORMAL, SMALL
    from veritrain_lib.reporting.render import DEFAULT_DPI

    for size, weight in ((SMALL, "normal"), (NORMAL, "normal"), (LARGE, "bold")):
        glyph_cache.render_text(
            printable.strip() + "…→–",
            FontProperties(family=list(FAMILIES), size=size, weight=weight),
            DEFAULT_DPI,
        )
