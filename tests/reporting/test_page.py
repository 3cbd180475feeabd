import re

import pytest

from tests.reporting.markup import Page
from veritrain_lib.reporting import Heading, KeyValues, Paragraph, ReportDocument, to_html


@pytest.fixture(scope="module")
def text(document: ReportDocument) -> str:
    return to_html(document)


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_the_page_is_well_formed_and_says_its_language_and_title(page: Page, text: str) -> None:
    assert text.startswith("<!DOCTYPE html>")
    assert page.named("html") == [{"lang": "en"}]
    assert page.named("meta")[0] == {"charset": "utf-8"}
    assert page.named("meta")[-1]["name"] == "viewport"
    assert [len(page.named(tag)) for tag in ("html", "head", "title", "body", "main", "h1")] == [1] * 6


def test_hostile_text_stays_text(page: Page) -> None:
    assert "script" not in {tag for tag, _ in page.tags}
    assert page.text.count("<script>alert(1)</script>") == 2 + 1 + 1 + 1 + 50


def test_nothing_is_loaded_from_elsewhere_and_nothing_runs(page: Page) -> None:
    assert page.addresses()
    assert all(address.startswith(("data:image/", "#")) for address in page.addresses())
    assert "url(" not in page.styles
    assert "@import" not in page.styles
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    policy = page.named("meta")[1]
    assert policy["http-equiv"] == "Content-Security-Policy"
    assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def test_every_picture_has_words_for_those_who_cannot_see_it(page: Page) -> None:
    assert [image["alt"] for image in page.named("img")] == ["alt <script>alert(1)</script>", "Bytes"]


def test_every_picture_is_a_png_of_a_known_size_so_that_the_page_does_not_jump(page: Page) -> None:
    for image in page.named("img"):
        assert image["src"].startswith("data:image/png;base64,")
        assert (image["width"], image["height"]) == ("1000", "420")


def test_contents_lead_to_the_sections(page: Page) -> None:
    targets = {f"#{heading['id']}" for heading in page.named("h2")}
    assert {link["href"] for link in page.named("a")} == targets
    assert len(targets) == 4


def test_a_verdict_is_told_by_a_word_and_not_by_colour_alone(page: Page) -> None:
    for word in ("✓ Better", "✗ Not better", "? Inconclusive", "■ Blocked", "i Note"):
        assert word in page.text


def test_every_class_of_the_page_has_a_style_and_a_verdict_its_own_colour(page: Page) -> None:
    used = {name for _, attributes in page.tags for name in attributes.get("class", "").split()}
    verdicts = {name for name in used if name.startswith("vt-") and f".{name}{{--c" in page.styles}
    assert {"vt-verdict", "vt-better", "vt-inconclusive", "vt-blocked"} <= verdicts
    assert not [name for name in used - {"vt-doc", "vt-info", "vt-page"} if f".{name}" not in page.styles]


def test_the_same_document_gives_the_same_page(document: ReportDocument, text: str) -> None:
    assert to_html(document) == text


def test_an_empty_document_is_a_page() -> None:
    page = Page(to_html(ReportDocument("", blocks=(Heading(""), Paragraph(""), KeyValues(())))))
    assert page.text.split() == []


def test_a_notebook_shows_the_document_without_a_page_around_it(document: ReportDocument) -> None:
    shown = document._repr_html_()
    assert not re.search(r"<(html|head|body|main|meta)\b", shown)
    assert Page(shown).text.count("Better by 4.2 points") == 1
