"""Lines of Japanese in a PDF begin and end where they may, and nothing of that is seen or copied."""

from datetime import UTC, datetime
from io import BytesIO
from itertools import pairwise

import pytest
from pypdf import PdfReader

from veritrain_lib.reporting import Paragraph, ReportDocument, TableBlock, to_pdf
from veritrain_lib.reporting.line_breaks import ZERO_WIDTH_SPACE, with_line_breaks

SENTENCE = "第1四半期に95万円を使って（主に「こだま分析」の更新）、来年の費用を16.5%ほど抑える。チャットは、ちょっと待って！"


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("請求書。", ["請", "求", "書。"]),
        ("「はい」と言った", ["「は", "い」", "と", "言っ", "た"]),
        ("費用は16.5%です", ["費", "用", "は", "16.5%", "で", "す"]),
        ("1,200,000円（税別）", ["1,200,000", "円", "（税", "別）"]),
        ("Tsubame Workflowの版", ["Tsubame Workflow", "の", "版"]),
        ("サーバー", ["サー", "バー"]),
        ("キャッシュ", ["キャッ", "シュ"]),
        ("語 word 語", ["語 word 語"]),
        ("No Japanese, 12% here.", ["No Japanese, 12% here."]),
        ("", [""]),
    ],
)
def test_a_line_may_end_between_these(text: str, pieces: list[str]) -> None:
    assert with_line_breaks(text).split(ZERO_WIDTH_SPACE) == pieces


def test_a_second_time_changes_nothing() -> None:
    once = with_line_breaks(SENTENCE)
    assert with_line_breaks(once) == once
    assert once.replace(ZERO_WIDTH_SPACE, "") == SENTENCE


@pytest.mark.parametrize("shift", range(12))
def test_no_line_of_a_pdf_breaks_a_number_or_begins_with_a_stop(shift: int) -> None:
    text = "あ" * shift + SENTENCE * 6
    page = PdfReader(BytesIO(_pdf(Paragraph(text)))).pages[0].extract_text()
    lines = [line for line in page.splitlines() if line.strip()][1:-1]  # without title and footer
    assert "".join(lines) == text
    assert len(lines) > 4
    assert not [line for line in lines if line[0] in "。、）」！%ー" or line[-1] in "（「"]
    assert not [line for line, after in pairwise(lines) if line[-1].isdigit() and after[0] in "0123456789."]


def test_marks_are_not_in_the_text_of_a_table_and_pages_are_still_counted() -> None:
    import pandas as pd

    page = PdfReader(BytesIO(_pdf(TableBlock(pd.DataFrame({"text": [SENTENCE] * 3, "n": 1}))))).pages[0]
    said = page.extract_text()
    assert ZERO_WIDTH_SPACE not in said
    assert "1 / 1" in said


def _pdf(*blocks: object) -> bytes:
    return to_pdf(ReportDocument("Report", "", blocks), datetime(2026, 1, 2, tzinfo=UTC))  # type: ignore[arg-type]
