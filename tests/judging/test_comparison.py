"""Champion against challenger as the judge sees them."""

from __future__ import annotations

import pytest
from judged import asked_of, honest, make_judge, make_rows

from veritrain_lib.core.records import Candidate, Response
from veritrain_lib.judging.comparison import compare

DEVELOPMENT = make_rows(120)
OTHER = {"bug": "login", "login": "refund", "refund": "bug"}


def answers(wrong: set[int] = frozenset(), silent: set[int] = frozenset()) -> list[Response]:  # type: ignore[assignment]
    given = []
    for at, label in enumerate(DEVELOPMENT["label"]):
        if at in silent:
            given.append(Response((), "", error="failed"))
            continue
        text = OTHER[label] if at in wrong else label
        given.append(Response((Candidate(text),), text))
    return given


def test_the_better_model_is_preferred_with_an_interval():
    judge, _ = make_judge(sample=120)
    found = compare(judge, DEVELOPMENT, answers(wrong=set(range(40))), answers())
    net = found.numbers["judge_preference"]
    assert net.value == pytest.approx(40 / 120)
    assert 0 < net.low < net.value < net.high
    assert found.numbers["judge_points_challenger"].value == 5.0
    assert found.numbers["judge_points_champion"].value == pytest.approx((80 * 5 + 40) / 120)
    assert found.decides
    assert not found.vetoes


def test_a_challenger_shown_to_be_worse_is_forbidden_only_by_a_judge_who_may_decide():
    good, _ = make_judge(sample=120)
    found = compare(good, DEVELOPMENT, answers(), answers(wrong=set(range(40))))
    assert found.vetoes
    strict, _ = make_judge(sample=120, floor=1.0)
    below = compare(strict, DEVELOPMENT, answers(), answers(wrong=set(range(40))))
    assert below.numbers["judge_preference"].high < 0
    assert not below.vetoes
    assert "decides nothing" in below.note


def test_equal_answers_are_a_tie_that_costs_nothing():
    judge, chat = make_judge(sample=120)
    found = compare(judge, DEVELOPMENT, answers(), answers(wrong={3}))
    pairs = [material for kind, material in map(asked_of, chat.requests) if kind == "better"]
    assert len(pairs) == 2 * (1 + 100)
    assert (found.table["preference"] == 0).sum() == 119


def test_a_model_without_an_answer_loses_and_gets_the_lowest_points():
    judge, chat = make_judge(sample=120)
    found = compare(judge, DEVELOPMENT, answers(silent={0, 1}), answers(silent={1}))
    assert found.table["preference"][:3].tolist() == [1, 0, 0]
    assert found.table["points_champion"][:3].tolist() == [1, 1, 5]
    assert all(material.get("answer", "x") for _, material in map(asked_of, chat.requests))


def test_what_it_fails_on_is_a_tie_and_the_lowest_points_and_is_told():
    def rule(kind, material):
        return "!refused" if material["input"]["text"].endswith(" 5") else honest(kind, material)

    judge, _ = make_judge(rule, sample=120)
    found = compare(judge, DEVELOPMENT, answers(wrong={5, 8}), answers())
    assert found.table["preference"][[5, 8]].tolist() == [0, 1]
    assert found.table["points_challenger"][5] == 1
    assert len(found.table) == found.numbers["judge_preference"].n == 120
    assert found.numbers["judge_failed"].value == 0.5
    assert "failed on 3 of 242 verdicts" in found.note


def test_order_effects_are_measured():
    judge, _ = make_judge(
        lambda kind, material: "first" if kind == "better" else honest(kind, material), sample=120
    )
    found = compare(judge, DEVELOPMENT, answers(wrong=set(range(10))), answers())
    assert found.numbers["judge_order"].value == 1.0
    assert found.numbers["judge_preference"].value == 0
    assert not found.decides


def test_only_a_sample_is_judged():
    judge, _ = make_judge(sample=30)
    found = compare(judge, DEVELOPMENT, answers(), answers(wrong={1, 2}), seed=2)
    assert len(found.table) == 30
    assert found.numbers["judge_points_champion"].n == 30
