"""What is plainly words by its words: never a text that a finder of garbage has something to say of."""

from __future__ import annotations

import pytest

from veritrain_lib.quality.checks.garbage import _odd, kind_of
from veritrain_lib.quality.text.character_classes import surface_of
from veritrain_lib.quality.text.clean_text_prefilter import plainly_words
from veritrain_lib.quality.text.tokens import tokens_of

GARBAGE = ["asdf jkl qwer", "test test test test", "lorem ipsum dolor sit", "None null undefined", "haha haha haha haha",
           "<div> {{name}} </div>", "xkcdvb qwrtp zxcvn", "aaaaaaa bbbbbbb ccccc", "why ???????????????? so",
           "dGhpcyBpcyBhIHRlc3Qgb2Yg it", "please pay pay pay pay pay pay"]  # fmt: skip


@pytest.mark.parametrize("text", GARBAGE)
def test_garbage_is_looked_at(text: str):
    assert not plainly_words(tokens_of([text]), [text], surface_of([text]), _odd)[0]


def test_messages_are_plain_and_no_finder_would_find_anything():
    texts = ["Where is my order? I want it now!", "please don't cancel the invoice, thanks"]
    assert plainly_words(tokens_of(texts), texts, surface_of(texts), _odd).tolist() == [True, True]
    assert [kind_of(text) for text in texts] == ["", ""]
