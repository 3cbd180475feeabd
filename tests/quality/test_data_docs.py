"""The page of a verdict: self-contained, escaped, and without the secrets that it reports."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from gate_rows import make_context, make_rows, rule, suite

from veritrain_lib.quality.data_docs import data_docs, with_reviews
from veritrain_lib.quality.gate import run_gate


@pytest.fixture(scope="module")
def page() -> str:
    rows = make_rows(
        ["<script>alert(1)</script>", "", "write to anna@example.org", "a good row", "another good row"]
    )
    return data_docs(
        run_gate(
            rows, make_context(), suite(rule("empty"), rule("garbage"), rule("personal_data", mostly=0.5))
        )
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
    assert "nothing to judge" in data_docs(run_gate(make_rows([]), make_context(), suite(rule("empty"))))


def test_copies_stand_under_the_row_that_stays_and_rules_about_the_dataset_apart():
    texts = ["where is my order", "Where is my order?", "a good row", "another good row"]
    measure = rule("coverage", type="expect_column_max_to_be_between", action="warn", severity="warning",
                   kwargs={"column": "measure_coverage", "max_value": 0.1})  # fmt: skip
    found = data_docs(
        run_gate(make_rows(texts), make_context(), suite(rule("exact_duplicate", mostly=0.5), measure))
    )
    assert "Duplicates: 1 rows in 1 groups" in found
    group = found.partition("<div class='group scroll'>")[2]
    assert group.index("where is my order") < group.index(">kept<") < group.index("Where is my order?")
    rules, _, whole = found.partition("<h2>Rules about the dataset as a whole</h2>")
    assert "<code>coverage</code>" not in rules
    assert "0.667" in whole
    assert "login has 0" in whole


REVIEW = {
    "reviewer": "A<b>",
    "pass_rate": {"value": 0.9, "low": 0.79, "high": 0.96, "n": 50},
    "wrongly_removed": {"value": None, "low": 0.0, "high": 1.0, "n": 0},
    "undecided": 3,
    "comments": [{"row": "accepted:1", "id": "x", "decision": "reject", "comment": "<i>odd</i>"}],
}


def test_reviews_are_shown_escaped_and_replaced_by_later_ones(page: str):
    first = with_reviews(page, [REVIEW])
    assert "90.0% of 50" in first
    assert "79.0% to 96.0%" in first
    assert "A&lt;b&gt;" in first
    assert "&lt;i&gt;odd&lt;/i&gt;" in first
    again = with_reviews(first, [{**REVIEW, "reviewer": "Ben"}])
    assert again.count("<h2>Reviews</h2>") == 1
    assert "A&lt;b&gt;" not in again
    parser = Links()
    parser.feed(again)
    assert parser.open == parser.found == []


def test_a_page_without_a_place_for_reviews_is_refused():
    with pytest.raises(ValueError, match="no place"):
        with_reviews("<html></html>", [REVIEW])
