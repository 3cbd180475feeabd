"""Letters that our typefaces lack are drawn in one of the machine's, or it is said that they can't be."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from veritrain_lib.fast import glyph_cache
from veritrain_lib.fonts import system as system_fonts
from veritrain_lib.reporting.document import Paragraph, ReportDocument, TableBlock
from veritrain_lib.reporting.pdf import to_pdf
from veritrain_lib.reporting.pdf_layout import PdfDocument
from veritrain_lib.reporting.pictures import rates

SCRIPTS = {
    "simplified Chinese": "简体标签这",
    "Korean": "한국어",
    "Thai": "ภาษาไทย",
    "Devanagari": "हिन्दी",
}
MADE = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def no_faces(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine without any typeface."""
    monkeypatch.setattr(system_fonts, "_installed_fonts", tuple)
    for memory in (system_fonts.font_for, glyph_cache._families):
        memory.cache_clear()
    glyph_cache._warned.clear()
    yield
    for memory in (system_fonts.font_for, glyph_cache._families):
        memory.cache_clear()


def _frame(name: str) -> pd.DataFrame:
    return pd.DataFrame({"name": [name], "value": [0.5], "low": [0.4], "high": [0.6], "n": [9]})


@pytest.mark.parametrize(
    "text", ["Plain", "Größe ñ", "Русский", "Ελλάδα", "日本語の返金", "a\u200bb", "\ufe0f", "✓ → –"]
)
def test_our_own_typefaces_have_what_is_usual(text: str) -> None:
    assert system_fonts.uncovered_characters(text) == []


@pytest.mark.parametrize("text", SCRIPTS.values(), ids=SCRIPTS)
def test_rare_scripts_are_drawn_in_a_typeface_of_the_machine(text: str) -> None:
    lacking = system_fonts.uncovered_characters(text)
    assert lacking
    if any(system_fonts.font_for(letter) is None for letter in lacking):
        pytest.skip("no typeface of this machine has the script (packages fonts-noto-core, fonts-noto-cjk)")
    pdf = PdfDocument()
    assert all(pdf.get_fallback_font(letter) for letter in lacking)
    assert not pdf.undrawable
    assert len(glyph_cache._families(text)) > 2
    picture = rates(_frame(text), "Rates").png()
    assert picture != rates(_frame("x" * len(text)), "Rates").png()


@pytest.mark.parametrize("text", SCRIPTS.values(), ids=SCRIPTS)
def test_without_a_typeface_the_report_says_which_letters_are_missing(text: str, no_faces: None) -> None:
    lost = system_fonts.undrawable_characters([text, "plain"])
    assert lost == system_fonts.uncovered_characters(text)
    said = system_fonts.missing_glyph_message(lost)
    assert f"{len(lost)} of the characters" in said
    assert f"U+{ord(lost[0]):04X}" in said
    pdf = PdfDocument()
    pdf.add_page()
    pdf.write_paragraph(text, 10)
    assert list(pdf.undrawable) == lost
    document = ReportDocument("Report", "", (Paragraph(text), TableBlock(pd.DataFrame({"label": [text]}))))
    with_note = to_pdf(document, MADE)
    plain = to_pdf(
        ReportDocument("Report", "", (Paragraph("x"), TableBlock(pd.DataFrame({"label": ["x"]})))), MADE
    )
    assert len(with_note) > len(plain)


def test_a_picture_logs_once_which_letters_it_can_not_draw(
    no_faces: None, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger=glyph_cache.__name__):
        rates(_frame("한국어"), "Rates").png()
        rates(_frame("한국어"), "Rates again").png()
    told = [one.getMessage() for one in caplog.records if one.name == glyph_cache.__name__]
    assert len(told) == 1
    assert "U+D55C HANGUL SYLLABLE HAN" in told[0]


@pytest.mark.parametrize(
    ("text", "joined"),
    [("עברית", True), ("العربية", True), ("हिन्दी", True), ("ไทย", True), ("한국어", False), ("abc é", False)],
)
def test_letters_that_belong_together_are_shaped(text: str, joined: bool) -> None:
    assert system_fonts.needs_shaping(text) is joined
    pdf = PdfDocument()
    pdf.add_page()
    pdf.write_paragraph(text, 10)
    assert pdf.text_shaping is None, "only for the line that needs it"


def test_a_file_that_is_no_typeface_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "NotoSans-Broken.ttf"
    broken.write_bytes(b"no typeface")
    monkeypatch.setattr(system_fonts, "_installed_fonts", lambda: (broken,))
    system_fonts.font_for.cache_clear()
    assert system_fonts.font_for("한") is None
    system_fonts.font_for.cache_clear()
