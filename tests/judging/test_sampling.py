"""A sample of a draft is judged; below the floor that is only said."""

from __future__ import annotations

import pytest
from judged import asked_of, honest, make_judge, make_rows

from veritrain_lib.judging.sampling import judge_sample
from veritrain_lib.statistics.intervals import agresti_coull

DEVELOPMENT = make_rows(120)


def draft(count=60, wrong=6):
    rows = make_rows(count, "synthetic")
    rows.loc[: wrong - 1, "label"] = [
        {"bug": "login", "login": "refund", "refund": "bug"}[one] for one in rows["label"][:wrong]
    ]
    return rows


def test_wrong_rows_of_the_sample_are_named_and_the_share_has_an_interval():
    judge, _ = make_judge()
    rows = draft()
    found = judge_sample(judge, rows, DEVELOPMENT, count=60)
    assert found.reasons[found.reasons != ""].index.tolist() == list(range(6))
    assert set(found.reasons) == {"", "judge_sample:wrong"}
    assert found.decides
    interval = agresti_coull(6, 60)
    assert f"share 0.100, 95 % interval {interval.low:.3f} to {interval.high:.3f}" in found.note
    assert "kappa 1.00" in found.note


def test_only_as_many_rows_as_the_task_says_are_asked_about_and_the_choice_is_stable():
    judge, chat = make_judge(sample=20)
    rows = draft()
    found = judge_sample(judge, rows, DEVELOPMENT, seed=4)
    assert int(found.is_judged.sum()) == 20
    assert len(chat.requests) == 100 + 20
    shuffled = rows.sample(frac=1, random_state=1)
    again = judge_sample(make_judge(sample=20)[0], shuffled, DEVELOPMENT, seed=4)
    assert set(shuffled["id"][again.is_judged]) == set(rows["id"][found.is_judged])
    assert again.reasons.index.equals(shuffled.index)


def test_people_are_the_reference_and_never_asked_about():
    judge, chat = make_judge()
    found = judge_sample(judge, make_rows(30), DEVELOPMENT)
    assert not found.is_judged.any()
    assert found.agreement is None
    assert not chat.requests


def test_rows_that_it_failed_on_stay_in_the_denominator_as_wrong():
    def rule(kind, material):
        return "!filtered" if material["input"]["text"].endswith(" 11") else honest(kind, material)

    judge, _ = make_judge(rule)
    found = judge_sample(judge, draft(), DEVELOPMENT, count=60)
    assert found.reasons[11] == "judge_sample:failed=filtered"
    assert found.failed == 1
    assert "7 wrong, 1 of them because the judge failed" in found.note


def test_below_the_floor_it_decides_nothing_and_says_so_with_the_numbers():
    judge, _ = make_judge(lambda kind, material: "wrong")
    found = judge_sample(judge, draft(), DEVELOPMENT, count=60)
    assert not found.decides
    assert "kappa 0.00" in found.note
    assert "floor 0.60" in found.note
    assert "no row is removed" in found.note


@pytest.mark.parametrize("mark", ["judge", "seed"])
def test_the_purpose_of_every_request_is_judging(mark):
    judge, chat = make_judge()
    judge_sample(judge, draft(), DEVELOPMENT, seed=0 if mark == "judge" else 9)
    assert {request.purpose for request in chat.requests} == {"judge"}
    assert {asked_of(request)[0] for request in chat.requests} == {"verdict"}
