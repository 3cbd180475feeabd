"""Texts of quite another length than the rest are found by a measure that they do not move."""

from __future__ import annotations

import random

from gate_rows import make_context, make_rows

from veritrain_lib.quality.checks.length_outlier import check


def usual(count: int) -> list[str]:
    rng = random.Random(0)
    return ["x" * rng.randrange(20, 60) for _ in range(count)]


def test_far_longer_and_far_shorter_texts_are_rejected_however_many_they_are():
    rows = make_rows([*usual(300), *["y" * 3000] * 40, "z"])
    found = check(rows, make_context())
    assert set(found[:300]) == {""}
    assert set(found[300:340]) == {"length_outlier:text=3000"}
    assert found[340] == "length_outlier:text=1"


def test_trusted_rows_say_what_is_usual_when_most_judged_ones_are_odd():
    rows = make_rows(["y" * 3000] * 50)
    found = check(rows, make_context(accepted_rows=make_rows(usual(300), source="human")))
    assert set(found) == {"length_outlier:text=3000"}


def test_few_texts_and_texts_of_one_length_are_no_reason():
    assert set(check(make_rows([*usual(50), "y" * 3000]), make_context())) == {""}
    assert set(check(make_rows([*["x" * 30] * 200, "x" * 60]), make_context())) == {""}
    assert set(check(make_rows([*usual(200), ""]), make_context())) == {""}
