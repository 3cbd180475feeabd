"""What the overview counts, against values counted by hand."""

from __future__ import annotations

import json

import pytest
from gate_rows import make_rows, make_task

from veritrain_lib.quality.scripts import is_mixed, scripts_in
from veritrain_lib.quality.verdict_summary import lengths, overview


def test_lengths_languages_scripts_and_shares_are_counted() -> None:
    rows = make_rows(
        ["one two three", "four", "請求書 が届きません please", "x"], ["bug", "bug", "login", "bug"]
    )
    found = overview(
        rows, rows.head(3), 1, make_task("en"), ["language:ja; empty:no_text", "language:ja", "language:de"]
    )
    assert json.loads(json.dumps(found)) == found
    assert (found["rows"], found["accepted"], found["quarantined"], found["warned"]) == (4, 3, 1, 1)
    assert found["lengths"] == {"text": {"unit": "words", "median": 3, "p95": 3, "longest": 3}}
    assert found["label_shares"] == {"bug": 0.6667, "login": 0.3333}
    assert found["languages"] == {"declared": {"text": "en"}, "found": {"ja": 2, "de": 1}}
    assert found["code_switch_share"] == 0.3333
    assert found["sources"] == {"pool": 3}


def test_free_text_answers_have_lengths_and_no_shares() -> None:
    rows = make_rows(["hello there"], ["こんにちは、みなさん"])
    found = overview(rows, rows, 0, make_task(labels=None))
    assert found["lengths"]["label"] == {"unit": "characters", "median": 10, "p95": 10, "longest": 10}
    assert found["label_shares"] == {}


def test_without_a_row_there_are_zeros() -> None:
    assert lengths([]) == {"unit": "words", "median": 0, "p95": 0, "longest": 0}
    assert overview(make_rows([]), make_rows([]), 0, make_task())["code_switch_share"] == 0


@pytest.mark.parametrize(
    ("text", "mixed"),
    [
        ("where is my invoice", False),
        ("請求書が届きません", False),
        ("ログインできません、password をリセットして", True),
        ("→ https://example.com/abc ありがとうございます", False),
        ("USB が壊れました", True),
        ("AB が壊れました", False),
        ("Привет, where is my order", True),
        ("l'été à Zürich", False),
    ],
)
def test_a_text_in_two_scripts_is_told(text: str, mixed: bool) -> None:
    assert is_mixed(text) is mixed


def test_kana_and_kanji_are_one_script() -> None:
    assert scripts_in("漢字とカタカナとひらがな") == ["cjk"]
