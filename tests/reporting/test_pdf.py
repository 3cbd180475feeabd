from datetime import UTC, datetime
from io import BytesIO
from random import Random

import pandas as pd
import pytest
from pypdf import PdfReader

from veritrain_lib.reporting import (
    Heading,
    KeyValues,
    Paragraph,
    Picture,
    ReportDocument,
    TableBlock,
    VerdictBlock,
    to_pdf,
)
from veritrain_lib.reporting.pictures import loop

MADE = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


def read(*blocks: object) -> PdfReader:
    return PdfReader(BytesIO(to_pdf(ReportDocument("Report", "", blocks), MADE)))  # type: ignore[arg-type]


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.fixture(scope="module")
def content(document: ReportDocument) -> bytes:
    return to_pdf(document, MADE)


@pytest.fixture(scope="module")
def reader(content: bytes) -> PdfReader:
    return PdfReader(BytesIO(content))


@pytest.fixture(scope="module")
def pages(reader: PdfReader) -> list[str]:
    return [page.extract_text() for page in reader.pages]


def test_japanese_can_be_read_back(pages: list[str]) -> None:
    text = squeezed("".join(pages))
    for words in (
        "日本語の副題",
        "再現率が上がりました",
        "請求書の金額が間違っています",
        "メモ",
        "Theloop図",
    ):
        assert words in text


def test_markup_is_plain_text_on_paper(pages: list[str]) -> None:
    assert "Better by 4.2 points <script>alert(1)</script>" in pages[0]


def test_every_page_carries_its_number_of_all_and_the_date(pages: list[str]) -> None:
    assert len(pages) > 3
    for number, page in enumerate(pages, 1):
        assert f"{number} / {len(pages)}" in page
        assert "2026-01-02 03:04 UTC" in page


def test_a_long_table_breaks_over_pages_and_repeats_its_head(pages: list[str]) -> None:
    with_rows = [page for page in pages if "0.250" in page]
    assert len(with_rows) >= 2
    assert all("margin" in page for page in with_rows)
    assert sum(page.count("0.250") + page.count("0.500") for page in pages) == 100
    assert "20 more rows not shown" in "".join(pages)


def test_sections_are_bookmarks_and_properties_are_set(reader: PdfReader) -> None:
    assert [entry["/Title"] for entry in reader.outline] == ["What changed", "Rows", "Pictures", "End"]
    assert reader.metadata is not None
    assert reader.metadata.title == "Round 3 <script>alert(1)</script>"
    assert reader.metadata.creation_date == MADE


def test_pictures_are_embedded(reader: PdfReader) -> None:
    assert sum(len(page.images) for page in reader.pages) == 2


def test_a_picture_reads_back_pixel_by_pixel_whatever_its_kind() -> None:
    import numpy as np
    from PIL import Image

    drawn = loop().png()
    small = BytesIO()
    Image.new("L", (4, 2), 7).save(small, "PNG")
    jpeg = BytesIO()
    Image.new("RGB", (8, 8), (200, 10, 10)).save(jpeg, "JPEG")
    pages = read(*(Picture(content) for content in (drawn, drawn, small.getvalue(), jpeg.getvalue()))).pages
    found = [image.image for page in pages for image in page.images]
    assert all(found)
    assert {(8, 8), (4, 2), (2000, 840)} == {image.size for image in found if image}
    large = next(image for image in found if image and image.size == (2000, 840))
    assert (np.asarray(large.convert("RGB")) == np.asarray(Image.open(BytesIO(drawn)))).all()


def test_the_same_document_and_date_give_the_same_bytes(document: ReportDocument, content: bytes) -> None:
    assert to_pdf(document, MADE) == content


def test_a_date_without_a_time_zone_is_utc_and_another_date_is_another_file() -> None:
    small = ReportDocument("Report")
    assert to_pdf(small, MADE.replace(tzinfo=None)) == to_pdf(small, MADE)
    assert to_pdf(small, MADE.replace(year=2027)) != to_pdf(small, MADE)


def test_every_word_reads_back_however_languages_alternate() -> None:
    # fpdf2 by itself loses the font after a line that begins with a fallback glyph.
    rng = Random(0)
    words: list[str] = []

    def text() -> str:
        word = f"w{len(words)}x"
        words.append(word)
        return rng.choice([f"日本 {word}", f"{word} 日本", f"{word}", f"日{word}本"])

    blocks: list[object] = []
    for _ in range(60):
        kind = rng.randrange(5)
        if kind == 0:
            blocks.append(Paragraph(text()))
        elif kind == 1:
            blocks.append(Heading(text()))
        elif kind == 2:
            blocks.append(VerdictBlock(text(), rng.choice(["better", "blocked"])))  # type: ignore[arg-type]
        elif kind == 3:
            blocks.append(KeyValues(((text(), text()), (text(), text())), text()))
        else:
            rows = pd.DataFrame({text(): [text() for _ in range(30)], text(): [text() for _ in range(30)]})
            blocks.append(TableBlock(rows, text()))
    pages = read(*blocks).pages
    found = squeezed("".join(page.extract_text() for page in pages))
    assert len(pages) > 5
    assert [word for word in words if word not in found] == []


def test_a_table_too_wide_is_split_by_columns_and_loses_none() -> None:
    frame = pd.DataFrame(
        [[f"value{at}" for at in range(40)]], columns=[f"long_name_{at}" for at in range(40)]
    )
    text = squeezed("".join(page.extract_text() for page in read(TableBlock(frame)).pages))
    assert all(f"long_name_{at}" in text and f"value{at}" in text for at in range(40))
    assert "columns2to" in text
    assert "of40" in text


@pytest.mark.slow
@pytest.mark.parametrize(
    "block",
    [
        TableBlock(pd.DataFrame({"a": ["x\n" * 200, "y"]})),
        TableBlock(pd.DataFrame({name: ["w" * 400] for name in "abcdefghij"})),
        TableBlock(pd.DataFrame({"h" * 400: [1], "b " * 300: [2]})),
        TableBlock(pd.DataFrame(index=range(3))),
        KeyValues((("k" * 400, "日本" * 3000), ("b", "v " * 3000))),
        Paragraph("日本語" * 3000 + "\n\n" + "w" * 5000),
        VerdictBlock("long " * 2000, "blocked"),
        Heading("two\nlines " * 30),
    ],
    ids=["lines", "words", "head", "no columns", "values", "paragraph", "verdict", "heading"],
)
def test_text_of_any_length_finds_its_place(block: object) -> None:
    for page in read(block).pages:
        assert page.extract_text()


@pytest.mark.parametrize(
    "block", [TableBlock(pd.DataFrame()), KeyValues(()), Paragraph(""), Heading(""), VerdictBlock("")]
)
def test_an_empty_block_is_set_too(block: object) -> None:
    assert len(read(block).pages) == 1


def test_the_japanese_typeface_is_only_in_a_pdf_that_needs_it() -> None:
    def typefaces(text: str) -> set[str]:
        fonts = read(Paragraph(text)).pages[0]["/Resources"]["/Font"].values()
        return {str(font.get_object()["/BaseFont"]).partition("+")[2] for font in fonts}

    assert not any("IPA" in name for name in typefaces("only Latin ✓"))
    assert any("IPA" in name for name in typefaces("Latin first, then 請求書"))


def test_tables_of_every_width_are_set() -> None:
    """Columns that fill the page add up to one rounding more in one table of twenty; that is no reason to fail."""
    draw = Random(20)

    def word() -> str:
        return "".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=draw.randrange(1, 12)))

    tables = [
        TableBlock(
            pd.DataFrame(
                {
                    f"{word()} {number}": [" ".join(word() for _ in range(draw.randrange(1, 20)))]
                    for number in range(draw.randrange(1, 12))
                }
            )
        )
        for _ in range(60)
    ]
    assert read(*tables).pages
