"""The page of a verdict: self-contained, escaped, and without the secrets that it reports."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from gate_rows import make_context, make_rows, rule, suite

from veritrain_lib.gating.data_docs import data_docs
from veritrain_lib.gating.gate import judge


@pytest.fixture(scope="module")
def page() -> str:
    rows = make_rows(
        ["<script>alert(1)</script>", "", "write to anna@example.org", "a good row", "another good row"]
    )
    return data_docs(
        judge(rows, make_context(), suite(rule("empty"), rule("garbage"), rule("personal_data", mostly=0.5)))
    )


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found += [str(value) for name, value in attributes if name in ("src", "href")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_it_loads_nothing_and_closes_every_tag(page: str):
    parser = Links()
    parser.feed(page)
    assert parser.found == []
    assert parser.open == []
    assert "http" not in page


def test_what_comes_from_data_is_escaped(page: str):
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_it_tells_status_block_reasons_and_shares(page: str):
    assert "blocked" in page
    assert "empty: failed, 1 of 5 rows rejected" in page
    assert "20.0%" in page


def test_a_secret_is_not_repeated(page: str):
    assert "personal_data:email" in page
    assert "anna@example.org" not in page


def test_a_verdict_without_rows_has_a_page():
    assert "nothing to judge" in data_docs(judge(make_rows([]), make_context(), suite(rule("empty"))))
