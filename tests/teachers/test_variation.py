from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from veritrain_lib.teachers import variation

TEXT = "Please cancel order INV-20431 at help.me@example.com, I do not need it"


def edits(before: str, after: str) -> int:
    """Edit distance with swaps of neighbours (optimal string alignment): an independent check."""
    cost = [[max(row, column) if 0 in (row, column) else 0 for column in range(len(after) + 1)]
            for row in range(len(before) + 1)]  # fmt: skip
    for row in range(1, len(before) + 1):
        for column in range(1, len(after) + 1):
            differ = before[row - 1] != after[column - 1]
            ways = [cost[row - 1][column] + 1, cost[row][column - 1] + 1, cost[row - 1][column - 1] + differ]
            if row > 1 and column > 1 and before[row - 2 : row] == after[column - 2 : column][::-1]:
                ways.append(cost[row - 2][column - 2] + 1)
            cost[row][column] = min(ways)
    return cost[-1][-1]


@pytest.mark.parametrize(
    "operation",
    [variation.neighbour_key, variation.dropped_letter, variation.swapped_letters, variation.doubled_letter],
)
def test_a_typing_error_is_one_edit_and_spares_numbers_and_addresses(operation: variation.Operation) -> None:
    rng = random.Random(0)
    made = {operation(TEXT, rng) for _ in range(100)}
    assert len(made) > 5
    for text in made - {None}:
        assert text is not None
        assert edits(TEXT, text) <= 1
        assert "INV-20431" in text
        assert "help.me@example.com" in text


@pytest.mark.parametrize(
    "text", ["Die Rechnung über zwölf Plätze fehlt", "Мой пароль больше работает", "請求書が見つかりません"]
)
def test_characters_vary_in_any_language(text: str) -> None:
    rng = random.Random(1)
    assert any((variation.dropped_letter(text, rng) or text) != text for _ in range(5))
    assert any((variation.swapped_letters(text, rng) or text) != text for _ in range(5))


@given(st.text(max_size=60), st.integers(0, 1000), st.sampled_from(variation.NAMES))
def test_no_text_breaks_an_operation(text: str, seed: int, name: str) -> None:
    made = variation.operations("en")[name](text, random.Random(seed))
    assert made is None or isinstance(made, str)


def test_contractions_go_both_ways_and_keep_the_capital() -> None:
    rng = random.Random(0)
    assert {variation.contraction("Do not ask", rng) for _ in range(20)} == {"Don't ask", "Dont ask"}
    assert {variation.contraction("now i'm sure", rng) for _ in range(20)} == {"now i am sure"}
    assert variation.contraction("nothing here", rng) is None


def test_only_words_that_carry_nothing_are_left_out() -> None:
    rng = random.Random(0)
    made = {variation.dropped_word("please do not cancel the order", rng) for _ in range(20)}
    assert made == {"do not cancel the order", "please do not cancel order"}


def test_a_greeting_or_closing_is_not_said_twice() -> None:
    rng = random.Random(0)
    assert variation.greeting("Hello, my invoice is wrong", rng) is None
    assert variation.closing("My invoice is wrong, thanks", rng) is None
    assert (variation.greeting("my invoice is wrong", rng) or "").endswith(" my invoice is wrong")


def test_words_of_one_language_are_not_put_on_another() -> None:
    assert set(variation.operations(None)) == set(variation.ANY_LANGUAGE)
    assert "contraction" not in variation.operations("de")
    german = variation.operations("de")["greeting"]("wo ist die Rechnung", random.Random(0))
    assert german is not None
    assert german.split()[0] in ("Hallo,", "Guten")
