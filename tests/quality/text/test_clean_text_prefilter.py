"""What is plainly words by its words: never a text that a finder of garbage has something to say of."""

from __future__ import annotations

import pytest

from veritrain_lib.quality.checks.garbage import _may_be_garbage, kind_of
from veritrain_lib.quality.text.character_classes import character_classes_of
from veritrain_lib.quality.text.clean_text_prefilter import is_clean_text
from veritrain_lib.quality.text.tokens import tokens_of

GARBAGE = ["asdf jkl qwer", "test test test test", "lorem ipsum dolor sit", "None null undefined", "haha haha haha haha",
           "<div> {{name}} </div>", "xkcdvb qwrtp zxcvn", "aaaaaaa bbbbbbb ccccc", "why ???????????????? so",
           "dGhpcyBpcyBhIHRlc3Qgb2Yg it", "please pay pay pay pay pay pay"]  # fmt: skip


@pytest.mark.parametrize("text", GARBAGE)
def test_garbage_is_looked_at(text: str):
    assert not is_clean_text(tokens_of([text]), [text], character_classes_of([text]), _may_be_garbage)[0]


def test_messages_are_plain_and_no_finder_would_find_anything():
    texts = ["Where is my order? I want it now!", "please don't cancel the invoice, thanks"]
    assert is_clean_text(tokens_of(texts), texts, character_classes_of(texts), _may_be_garbage).tolist() == [
        True,
        True,
    ]
    assert [kind_of(text) for text in texts] == ["", ""]
