"""Texts that others vouch for are not judged; what is in another language still is."""

from __future__ import annotations

import random

import numpy as np
import pytest

from veritrain_lib.quality.language import prefilter
from veritrain_lib.quality.language.prefilter import detect_with_prefilter
from veritrain_lib.quality.text.tokens import tokens_of

OURS = [
    "the",
    "a",
    "my",
    "please",
    "where",
    "how",
    "is",
    "order",
    "invoice",
    "table",
    "city",
    "late",
    "new",
    "bill",
    "pay",
    "show",
    "find",
    "open",
    "send",
    "card",
]
THEIRS = [
    "wo",
    "ist",
    "meine",
    "rechnung",
    "bitte",
    "zeigen",
    "sie",
    "mir",
    "den",
    "neuen",
    "auftrag",
    "heute",
    "noch",
    "einmal",
    "danke",
]


def data(count: int) -> tuple[list[str], set[int]]:
    rng = random.Random(4)
    foreign = set(rng.sample(range(count), count // 20))
    return [" ".join(rng.sample(THEIRS if at in foreign else OURS, 7)) for at in range(count)], foreign


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(prefilter, "FIRST", 100)


def run(texts: list[str]) -> tuple[set[int], int]:
    asked = []

    def judge(part):
        asked.extend(part)
        others = ["de" if set(text.split()) & set(THEIRS) else "" for text in part]
        return others, [not other for other in others]

    column = np.array(texts, dtype=object)
    found = detect_with_prefilter(tokens_of(texts), column, judge, native=str.isascii)
    return {number for number, code in found if code == "de"}, len(asked)


def test_all_foreign_texts_are_found_and_most_others_never_judged(small):
    texts, foreign = data(2_000)
    found, asked = run(texts)
    assert found == foreign
    assert asked < 400


def test_half_a_foreign_sentence_is_still_judged(small):
    texts, _ = data(1_000)
    texts[7] = "where is my invoice rechnung zeigen danke heute"
    assert 7 in run(texts)[0]


def test_few_texts_are_all_judged():
    texts, foreign = data(300)
    assert run(texts) == (foreign, 300)


def test_a_word_of_another_script_is_never_vouched_for(small):
    texts, _ = data(1_000)
    texts = [f"{text} 明天上海的天气怎么样" for text in texts]
    assert run(texts)[1] == 1_000
