"""Agreement with people decides whether the judge may."""

from __future__ import annotations

import random

import pytest
from judged import asked_of, honest, make_judge, make_rows, make_task, truth
from sklearn.metrics import cohen_kappa_score

from veritrain_lib.core.errors import UserError
from veritrain_lib.judging.calibration import calibrate

QUESTIONS = ["right", "points", "preference"]
DEVELOPMENT = make_rows(150)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_judge_who_knows_the_truth_agrees_fully_and_decides(question):
    judge, _ = make_judge()
    found = calibrate(judge, DEVELOPMENT, question, seed=1)
    assert found.kappa.value == 1.0
    assert found.kappa.n == 100
    assert found.decides
    assert "it may decide" in found.sentence()


@pytest.mark.parametrize(("question", "always"), [("right", "right"), ("points", 5), ("preference", "tie")])
def test_a_judge_who_always_says_the_same_agrees_by_chance_only(question, always):
    judge, _ = make_judge(lambda kind, material: always)
    found = calibrate(judge, DEVELOPMENT, question, seed=1)
    assert found.kappa.value == pytest.approx(0.0)
    assert not found.decides
    assert "it decides nothing" in found.sentence()


def noisy(share):
    chance = random.Random(5)

    def rule(kind, material):
        said = honest(kind, material)
        wrong = {"right": "wrong", "wrong": "right"}
        return wrong[said] if chance.random() < share else said

    return rule


def test_kappa_is_that_of_scikit_learn_on_what_was_said():
    judge, chat = make_judge(noisy(0.2))
    found = calibrate(judge, DEVELOPMENT, "right", seed=1)
    shown = [asked_of(request)[1] for request in chat.requests]
    people = [material["answer"] == truth(material["input"]["text"]) for material in shown]
    again, _ = make_judge(noisy(0.2))
    rows = [{"text": material["input"]["text"]} for material in shown]
    said = [rating.value for rating in again.right(rows, [material["answer"] for material in shown])]
    assert found.kappa.value == pytest.approx(cohen_kappa_score(people, said))
    assert sum(people) == 50


def test_the_low_end_of_the_interval_is_held_against_the_floor():
    judge, _ = make_judge(noisy(0.12), floor=0.6)
    found = calibrate(judge, DEVELOPMENT, "right", seed=1)
    assert found.kappa.value > 0.6 > found.kappa.interval.low
    assert not found.decides
    assert f"{found.kappa.interval.low:.2f}" in found.sentence()
    assert "floor 0.60" in found.sentence()


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_it_fails_on_counts_as_disagreement(question):
    judge, _ = make_judge(lambda kind, material: "!failed")
    found = calibrate(judge, DEVELOPMENT, question, seed=1)
    assert found.failed == found.kappa.n == 100
    assert found.kappa.value < 0
    some, _ = make_judge(
        lambda kind, material: "!refused" if "7" in material["input"]["text"] else honest(kind, material)
    )
    partly = calibrate(some, DEVELOPMENT, question, seed=1)
    assert partly.kappa.n == 100
    assert partly.kappa.value < 1
    assert "failed and counted as disagreement" in partly.sentence()


def test_mistakes_of_models_are_shown_as_the_wrong_answers():
    judge, chat = make_judge()
    mistakes = dict.fromkeys(DEVELOPMENT["id"][:30], "a mistake")
    calibrate(judge, DEVELOPMENT, "right", seed=1, mistakes=mistakes)
    shown = [asked_of(request)[1]["answer"] for request in chat.requests]
    assert shown.count("a mistake") == 30
    assert sum(answer == truth(asked_of(r)[1]["input"]["text"]) for answer, r in zip(shown, chat.requests, strict=True)) == 50  # fmt: skip


def test_the_same_seed_asks_the_same_questions():
    (one, first), (two, second) = make_judge(), make_judge()
    calibrate(one, DEVELOPMENT, "preference", seed=3)
    calibrate(two, DEVELOPMENT, "preference", seed=3)
    assert first.requests == second.requests


def test_two_labels_leave_no_pair_of_two_wrong_answers():
    rows = DEVELOPMENT[DEVELOPMENT["label"] != "refund"].reset_index(drop=True)
    judge, _ = make_judge(task=make_task(["bug", "login"]))
    found = calibrate(judge, rows, "preference", seed=1)
    assert found.kappa.value == 1.0


def test_free_text_takes_other_rows_answers_as_wrong():
    judge, chat = make_judge(task=make_task(None))
    assert calibrate(judge, DEVELOPMENT, "right", seed=1).kappa.value == 1.0
    assert "Allowed answers" not in chat.requests[0].messages[0].content


def test_too_little_to_measure_on_is_refused():
    judge, _ = make_judge()
    with pytest.raises(UserError, match="can't be measured"):
        calibrate(judge, DEVELOPMENT.iloc[[0, 3, 6, 9]], "right", seed=1)
