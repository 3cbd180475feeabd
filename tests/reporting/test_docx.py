"""A document as a Word file, read back as Word would read it."""

from __future__ import annotations

import zipfile
from datetime import datetime
from io import BytesIO
from typing import Any

import pandas as pd
from docx import Document as read
from docx.oxml.ns import qn

from veritrain_lib.reporting.document import (
    Heading,
    KeyValues,
    Paragraph,
    Picture,
    ReportDocument,
    TableBlock,
    VerdictBlock,
)
from veritrain_lib.reporting.docx import JAPANESE, to_docx

MADE = datetime(2026, 1, 2, 3, 4)


def written(*blocks: Any, title: str = "A report") -> Any:
    return read(BytesIO(to_docx(ReportDocument(title, "below it", blocks), MADE)))


def png() -> bytes:
    from PIL import Image

    out = BytesIO()
    Image.new("RGB", (40, 200), "white").save(out, "PNG")
    return out.getvalue()


def test_text_keeps_its_order_and_its_styles() -> None:
    paper = written(VerdictBlock("It is better.", "better"), Heading("Why"), Paragraph("First.\n\nSecond."))
    assert [(line.style.name, line.text) for line in paper.paragraphs] == [
        ("Title", "A report"),
        ("Subtitle", "below it"),
        ("Intense Quote", "✓ Better  It is better."),
        ("Heading 1", "Why"),
        ("Normal", "First."),
        ("Normal", "Second."),
    ]
    facts = paper.core_properties
    assert (facts.title, facts.author, facts.created.replace(tzinfo=None)) == ("A report", "Veri-Train", MADE)


def test_tables_have_a_head_that_repeats_numbers_to_the_right_and_a_count_of_the_rest() -> None:
    frame = pd.DataFrame({"label": ["a", "b", "c"], "share": [0.5, 0.25, 0.125]})
    paper = written(
        TableBlock(frame, "Shares", max_rows=2), KeyValues((("seed", "0"), ("運用", "値")), "Made by")
    )
    shares, made_by = paper.tables
    assert [[cell.text for cell in row.cells] for row in shares.rows] == [
        ["label", "share"], ["a", "0.500"], ["b", "0.250"],
    ]  # fmt: skip
    assert shares.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
    assert shares.rows[1].cells[1].paragraphs[0].alignment is not None
    assert shares.rows[1].cells[0].paragraphs[0].alignment is None
    assert "1 more row not shown" in [line.text for line in paper.paragraphs]
    assert [[cell.text for cell in row.cells] for row in made_by.rows] == [["seed", "0"], ["運用", "値"]]


def test_a_picture_fits_the_page_and_is_spoken() -> None:
    (shape,) = written(Picture(png(), "Below", "What is in it")).inline_shapes
    assert shape._inline.docPr.get("descr") == "What is in it"
    assert shape.height.mm <= 201
    assert abs(shape.height / shape.width - 5) < 0.05


def test_japanese_has_a_typeface_of_its_own_in_every_style() -> None:
    paper = written(Heading("何が変わったか"), Paragraph("訳文は良くなりました。"), title="報告")
    for name in ("Normal", "Title", "Heading 1"):
        fonts = paper.styles[name].element.rPr.rFonts
        assert fonts.get(qn("w:eastAsia")) == JAPANESE
        assert fonts.get(qn("w:eastAsiaTheme")) is None
    assert paper.paragraphs[2].text == "何が変わったか"


def test_what_no_page_can_show_does_not_break_the_file() -> None:
    odd = "a\x00b\x0bc\ud800d\ufffee <w:p> & ]]>"
    cell = odd.replace("\ud800", "")  # pandas has no half characters
    frame = pd.DataFrame({cell: [cell]})
    content = to_docx(
        ReportDocument(
            odd, odd, (Heading(odd), Paragraph(odd), TableBlock(frame, odd), KeyValues(((odd, odd),), odd))
        ),
        MADE,
    )
    with zipfile.ZipFile(BytesIO(content)) as archive:
        assert archive.testzip() is None
    paper = read(BytesIO(content))
    assert "<w:p> & ]]>" in paper.paragraphs[0].text
    assert written(TableBlock(pd.DataFrame())).tables == []
