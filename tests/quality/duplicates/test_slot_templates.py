"""Held-out rows with other slot values, and templates that are simply how people ask."""

from __future__ import annotations

import pytest

from veritrain_lib.quality.duplicates.slot_templates import slot_swapped
from veritrain_lib.quality.duplicates.slot_values import slot_kind
from veritrain_lib.quality.text.tokens import tokens_of

TEST = ["book me a table in berlin for 5 people on friday", "turn it off"]


def swapped(*rows: str) -> list[int]:
    return slot_swapped(tokens_of(rows), tokens_of(TEST)).tolist()


def test_other_values_of_the_same_kinds_in_the_same_words_are_a_copy():
    assert swapped("book me a table in paris for 12 people on monday") == [0]
    assert swapped("book me a table in new york for two people on monday", "how are you") == [-1, -1]


@pytest.mark.parametrize(
    "row",
    [
        "book me a hotel in paris for 12 people on monday",
        "book me a table in friday for 12 people on paris",
        "turn it on",
    ],
)
def test_another_word_another_kind_or_no_slot_is_no_copy(row: str):
    assert swapped(row) == [-1]


def test_what_many_rows_say_is_how_people_ask():
    rows = [f"book me a table in paris for {number} people on monday" for number in range(20)]
    assert swapped(*rows) == [-1] * 20
    assert swapped(*rows[:2]) == [-1, -1]
    assert swapped(*rows[:1]) == [0]


def test_kinds_of_words():
    assert [slot_kind(word) for word in ("7pm", "seven", "フランス", "東京", "invoice")] == [
        "number", "number", "katakana", "place", "",
    ]  # fmt: skip
