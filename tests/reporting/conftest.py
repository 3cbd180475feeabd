import pandas as pd
import pytest

from veritrain_lib.reporting import (
    Heading,
    KeyValues,
    Paragraph,
    Picture,
    ReportDocument,
    TableBlock,
    VerdictBlock,
)
from veritrain_lib.reporting.pictures import loop

BAD = "<script>alert(1)</script>"


@pytest.fixture(scope="session")
def document() -> ReportDocument:
    """A report with every kind of block, hostile texts and Japanese."""
    rows = pd.DataFrame({"text": ["請求書の金額が間違っています", BAD] * 60, "margin": [0.25, 0.5] * 60})
    return ReportDocument(
        f"Round 3 {BAD}",
        "日本語の副題",
        (
            VerdictBlock(f"Better by 4.2 points {BAD}", "better"),
            VerdictBlock("Nothing is shown", "not better"),
            VerdictBlock("Too few rows", "inconclusive"),
            VerdictBlock("12 % duplicates", "blocked"),
            VerdictBlock("For your eyes", "info"),
            KeyValues((("Task", "support"), ("メモ", BAD)), "Facts"),
            Heading("What changed"),
            Paragraph(f"First.\n\nSecond: 再現率が上がりました {BAD}"),
            Heading("Rows"),
            TableBlock(rows, "Rows of the gate", 100),
            TableBlock(rows.head(0), "Empty"),
            Heading("Pictures"),
            Picture(loop(), "The loop 図", f"alt {BAD}"),
            Picture(loop({"title": "Round 3"})._repr_png_()[0], "Bytes"),
            Heading("End"),
        ),
    )
