"""Slips: rare words one edit from another one, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from veritrain_lib.quality.duplicates.typos import canonical_words, edit_distance_at_most, is_typo


def usual(words: dict[str, int]) -> dict[str, str]:
    names = list(words)
    found = canonical_words(names, np.array(list(words.values())))
    return {
        name: names[place] for name, place in zip(names, found.tolist(), strict=True) if names[place] != name
    }


def test_a_word_of_one_text_becomes_the_usual_one():
    assert usual({"invoice": 40, "invioce": 1, "order": 9}) == {"invioce": "invoice"}


def test_two_common_words_stay_two_words():
    assert usual({"form": 12, "farm": 8}) == {}


def test_a_slip_made_twice_needs_a_word_far_more_frequent():
    assert usual({"password": 400, "pasword": 2}) == {"pasword": "password"}
    assert usual({"password": 20, "pasword": 2}) == {}


def test_of_two_rare_words_the_first_is_the_usual_one():
    assert usual({"limit": 1, "limitt": 1}) == {"limitt": "limit"}


def test_words_with_digits_and_very_short_ones_are_never_slips():
    assert usual({"order12": 30, "order13": 1, "in": 50, "on": 1}) == {}


@pytest.mark.parametrize(
    ("one", "other", "slip"),
    [
        ("charge", "chrage", True),
        ("charge", "change", True),
        ("charge", "chang", False),
        ("cancellation", "cancelation", True),
        ("cancellation", "canselatoin", False),
        ("reservation", "resrvatoin", True),
        ("cat", "cats", True),
        ("at", "cat", False),
    ],
)
def test_one_edit_is_a_slip_and_two_from_nine_letters(one: str, other: str, slip: bool):
    assert is_typo(one, other) is slip


def test_the_distance_agrees_with_its_definition():
    def osa(a: str, b: str) -> int:
        table = {(i, 0): i for i in range(len(a) + 1)} | {(0, j): j for j in range(len(b) + 1)}
        for i in range(1, len(a) + 1):
            for j in range(1, len(b) + 1):
                table[i, j] = min(
                    table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (a[i - 1] != b[j - 1])
                )
                if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                    table[i, j] = min(table[i, j], table[i - 2, j - 2] + 1)
        return table[len(a), len(b)]

    rng = np.random.default_rng(0)
    for _ in range(400):
        one, other = ("".join(rng.choice(list("abc"), size=rng.integers(1, 7))) for _ in range(2))
        for limit in (0, 1, 2):
            assert edit_distance_at_most(one, other, limit) is (osa(one, other) <= limit), (one, other, limit)
