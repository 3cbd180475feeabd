"""The word list finds contempt, and lets words with an innocent sense pass."""

from __future__ import annotations

import pytest
from gate_rows import make_context, make_rows

from veritrain_lib.quality.checks.toxic import check, toxic


@pytest.mark.parametrize(
    "text",
    ["you fucking liar", "Go to hell!", "what a piece of CRAP", "you're an idiot", "死ね", "この馬鹿野郎"],
)
def test_contempt_is_found(text: str):
    assert toxic(text)


@pytest.mark.parametrize(
    "text",
    ["the classic assessment", "scunthorpe hotel", "dick cheney's book", "a spicy dish", "いいしね"],
)
def test_innocent_words_pass(text: str):
    assert not toxic(text)


def test_the_reason_does_not_repeat_the_word():
    assert check(make_rows(["shut the hell up", "hello"]), make_context()).tolist() == ["toxic:words", ""]
