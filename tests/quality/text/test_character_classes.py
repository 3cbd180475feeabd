"""What characters texts are made of, beside a plain count of each."""

from __future__ import annotations

import random
import re

from veritrain_lib.quality.text import character_classes
from veritrain_lib.quality.text.character_classes import character_classes_of
from veritrain_lib.quality.text.truncation_model import last_words, words_of

SIGNS = {
    "'": character_classes.APOSTROPHE,
    " ": character_classes.SPACE,
    ":": character_classes.COLON,
    "\x1f": character_classes.FIELD,
}


def kind(character: str) -> int:
    if not character.isascii():
        return character_classes.BEYOND
    if character.isalpha():
        return character_classes.LETTER
    return SIGNS.get(character, character_classes.STOP if character in ",.?!" else character_classes.OTHER)


def test_kinds_beginning_and_longest_run_of_random_texts(monkeypatch):
    monkeypatch.setattr(character_classes, "CHUNK", 7)
    rng = random.Random(0)
    texts = [
        "".join(rng.choices("ab'  ,:\x1f7_\n\té日\ud800", k=rng.choice([0, 0, 1, 3, 20]))) for _ in range(500)
    ]
    found = character_classes_of(texts)
    for number, text in enumerate(texts):
        kinds = 0
        for character in text:
            kinds |= kind(character)
        assert found.kinds[number] == kinds
        assert found.begins[number] == (kind(text[0]) if text else 0)
        assert found.longest[number] == max(map(len, re.split("[ \x1f]", text)))
    assert character_classes_of([]).kinds.tolist() == []


def test_what_is_held_only_and_what_is_lacking():
    found = character_classes_of(["where is it", "where is it?", ""])
    assert found.only(character_classes.LETTER | character_classes.SPACE).tolist() == [True, False, True]
    assert found.lacks(character_classes.STOP).tolist() == [True, False, True]


def test_the_last_two_words_are_those_of_all_words():
    for text in (
        "",
        "  ",
        "one",
        " One  TWO ",
        "one two three",
        "本を買いました",
        "naïve Ünder wörds",
        "a\x1cb c",
    ):
        words = words_of(text)
        assert last_words(text) == (words[-2], words[-1] if len(words) > 2 else "") or len(words) == 2
        assert (last_words(text)[1] == "") == (len(words) == 2)
