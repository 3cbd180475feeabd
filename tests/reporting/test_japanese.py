"""Japanese on a page and in a PDF: every letter of the built-in example can be drawn and is said to be Japanese."""

from datetime import UTC, datetime
from io import BytesIO

import pandas as pd
import pytest
from fontTools.ttLib import TTFont
from pypdf import PdfReader

from tests.reporting.markup import Page
from veritrain_lib.core import project
from veritrain_lib.fonts.bundled import japanese_font, latin_font
from veritrain_lib.reporting import KeyValues, Paragraph, ReportDocument, TableBlock, to_html, to_pdf
from veritrain_lib.reporting.html import table_html
from veritrain_lib.reporting.japanese import language_attribute

FOLDER = project.example_task("meetings").parent
ROWS = pd.read_csv(FOLDER / "test.csv", dtype=str).head(12)
MADE = datetime(2026, 1, 2, tzinfo=UTC)


def test_the_typefaces_have_every_letter_of_the_example() -> None:
    names = ("seed.csv", "dev.csv", "test.csv", "task.yaml")  # the pool has planted rows in other languages
    letters = set("".join((FOLDER / name).read_text(encoding="utf-8") for name in names))
    known = {
        chr(code) for file in (latin_font(), japanese_font()) for code in TTFont(file)["cmap"].getBestCmap()
    }
    assert letters - known == {"\n"}


def test_every_sentence_of_a_table_can_be_read_back_from_the_pdf() -> None:
    frame = ROWS[["text", "context", "speaker"]]
    document = ReportDocument(
        "翻訳の報告", "会議と通知", (TableBlock(frame, "悪い順の文"), KeyValues((("話者", "司会"),)))
    )
    pages = PdfReader(BytesIO(to_pdf(document, MADE))).pages
    said = "".join("".join(page.extract_text().split()) for page in pages)
    for text in ["翻訳の報告", "会議と通知", "悪い順の文", "話者", "司会", *frame["text"], *frame["speaker"]]:
        assert "".join(text.split()) in said


def test_a_page_says_which_of_its_parts_are_japanese() -> None:
    blocks = (
        TableBlock(ROWS),
        Paragraph("English first.\n\nこの段落は日本語です。"),
        KeyValues((("話者", "司会です"),)),
    )
    page = Page(to_html(ReportDocument("Report", "", blocks)))
    japanese = [tag for tag, attributes in page.tags if attributes.get("lang") == "ja"]
    assert japanese.count("td") == 3 * len(ROWS), "text, context and speaker, not the English columns"
    assert [japanese.count(tag) for tag in ("p", "dt", "dd", "th")] == [1, 1, 1, 0]
    assert ':lang(ja){font-family:"Hiragino Sans"' in page.styles


def test_a_page_without_japanese_claims_none() -> None:
    page = Page(
        to_html(ReportDocument("Report", "", (TableBlock(ROWS[["translation"]]), Paragraph("只有中文"))))
    )
    assert not [tag for tag, attributes in page.tags if attributes.get("lang") == "ja"]


def test_a_table_in_a_notebook_keeps_japanese_as_it_is() -> None:
    markup = table_html(ROWS)
    assert all(text in markup for text in ROWS["text"])
    assert "div.vt-table :lang(ja){" in markup


@pytest.mark.parametrize(
    ("text", "among", "marked"),
    [
        ("請求書をお送りします。", False, True),
        ("営業", False, False),
        ("営業", True, True),
        ("ﾊﾝｶｸ", False, True),
        ("The word 請求書 means invoice.", True, False),
        ("QA-1042 の件", False, True),
        ("42", True, False),
        ("", True, False),
        ("送报价单", False, False),
    ],
)
def test_mostly_japanese_is_japanese(text: str, among: bool, marked: bool) -> None:
    assert language_attribute(text, among) == (' lang="ja"' if marked else "")
