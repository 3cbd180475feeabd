import pandas as pd
import pytest

from veritrain_lib.reporting import Document, Heading, KeyValues, Paragraph, Picture, Table, Verdict
from veritrain_lib.reporting.pictures import loop

BAD = "<script>alert(1)</script>"


@pytest.fixture(scope="session")
def document() -> Document:
    """A report with every kind of block, hostile texts and Japanese."""
    rows = pd.DataFrame({"text": ["請求書の金額が間違っています", BAD] * 60, "margin": [0.25, 0.5] * 60})
    return Document(
        f"Round 3 {BAD}",
        "日本語の副題",
        (
            Verdict(f"Better by 4.2 points {BAD}", "better"),
            Verdict("Nothing is shown", "not better"),
            Verdict("Too few rows", "inconclusive"),
            Verdict("12 % duplicates", "blocked"),
            Verdict("For your eyes", "info"),
            KeyValues((("Task", "support"), ("メモ", BAD)), "Facts"),
            Heading("What changed"),
            Paragraph(f"First.\n\nSecond: 再現率が上がりました {BAD}"),
            Heading("Rows"),
            Table(rows, "Rows of the gate", 100),
            Table(rows.head(0), "Empty"),
            Heading("Pictures"),
            Picture(loop(), "The loop 図", f"alt {BAD}"),
            Picture(loop({"title": "Round 3"})._repr_png_()[0], "Bytes"),
            Heading("End"),
        ),
    )
