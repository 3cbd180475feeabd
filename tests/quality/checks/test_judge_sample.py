"""The judge in the gate: the share is of the sample, and below the floor it only warns."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from gate_rows import make_context, rule, suite

sys.path.insert(0, str(Path(__file__).parents[2] / "judging"))

from judged import honest, make_judge, make_rows, make_task

from veritrain_lib.core.errors import Refused, UserError
from veritrain_lib.judging.sampling import judge_sample
from veritrain_lib.quality.checks.judge_sample import check
from veritrain_lib.quality.data_docs import data_docs
from veritrain_lib.quality.gate import run_gate

DEVELOPMENT = make_rows(120)


OTHER = {"bug": "login", "login": "refund", "refund": "bug"}


def draft(count, wrong):
    rows = make_rows(count, "synthetic")
    rows.loc[: wrong - 1, "label"] = [OTHER[label] for label in rows["label"][:wrong]]
    return rows


def context_of(says=honest, **settings):
    judge, chat = make_judge(says, **settings)
    opened = make_context(
        make_task(),
        development=DEVELOPMENT,
        judge=lambda rows, count: judge_sample(judge, rows, DEVELOPMENT, count=count),
    )
    return opened, chat


def of_judge(**changes):
    return suite(rule("judge_sample", needs_label=True, **changes))


def test_rows_judged_wrong_go_to_quarantine_and_the_share_is_of_the_sample():
    opened, _ = context_of(sample=50)
    verdict = run_gate(draft(200, 40), opened, of_judge(mostly=0.5))
    line = verdict.rules.iloc[0]
    assert line["checked"] == 50
    assert line["rejected"] == len(verdict.quarantine)
    assert line["share"] == line["rejected"] / 50
    assert 0.08 < line["share"] < 0.35
    assert line["low"] < line["share"] < line["high"]
    assert set(verdict.quarantine["reasons"]) == {"judge_sample:wrong"}
    assert verdict.passed


def test_too_large_a_share_of_the_sample_blocks_although_it_is_small_among_all_rows():
    opened, _ = context_of(sample=20)
    verdict = run_gate(draft(400, 120), opened, of_judge(mostly=0.9))
    assert verdict.rules.iloc[0]["rejected"] / 400 < 0.1
    assert not verdict.passed
    assert "of 20 rows rejected" in verdict.block_reasons[0]


def test_below_the_floor_the_rule_only_warns_whatever_its_severity():
    opened, _ = context_of(lambda kind, material: "wrong")
    verdict = run_gate(draft(60, 0), opened, of_judge(mostly=0.9))
    assert verdict.passed
    assert len(verdict.accepted) == 60
    assert len(verdict.warnings) == 50
    assert verdict.rules.iloc[0]["outcome"] == "warned"
    assert verdict.rules.iloc[0]["share"] == 1.0
    assert "decides nothing" in verdict.overview["notes"]["judge_sample"]


def test_kappa_is_shown_with_its_interval():
    opened, _ = context_of()
    verdict = run_gate(draft(60, 3), opened, of_judge())
    number = verdict.overview["numbers"]["judge_kappa"]
    assert (number["value"], number["n"]) == (1.0, 100)
    assert number["low"] < 1.0
    assert "kappa 1.00 (95 % interval" in data_docs(verdict)


def test_rows_that_it_failed_on_are_kept_out_and_counted():
    opened, _ = context_of(
        lambda kind, material: (
            "!failed" if material["input"]["text"].endswith(" 4") else honest(kind, material)
        )
    )
    verdict = run_gate(draft(50, 0), opened, of_judge())
    assert verdict.quarantine["reasons"].tolist() == ["judge_sample:failed=failed"]
    assert verdict.rules.iloc[0]["rejected"] == 1


def test_the_sample_can_be_set_in_the_suite():
    opened, chat = context_of()
    run_gate(draft(60, 0), opened, suite(rule("judge_sample", needs_label=True, parameters={"sample": 7})))
    assert len(chat.requests) == 100 + 7


def test_without_a_judge_the_rule_says_what_to_do_and_blocks():
    with pytest.raises(UserError, match="part `judge`"):
        check(draft(10, 0), make_context(make_task()))
    verdict = run_gate(draft(10, 0), make_context(make_task()), of_judge())
    assert not verdict.passed
    assert "part `judge`" in verdict.block_reasons[0]


def test_money_that_ran_out_is_no_verdict_on_the_data():
    def broke(rows, count):
        raise Refused("the cap of $1.00 is reached")

    with pytest.raises(Refused, match="cap"):
        run_gate(draft(10, 0), make_context(make_task(), judge=broke), of_judge())


def test_people_and_rows_that_were_removed_before_are_not_asked_about():
    opened, chat = context_of()
    rows = draft(30, 0)
    rows.loc[:9, "source"] = "human"
    rows.loc[10:14, "text"] = " "
    run_gate(
        rows, opened, suite(rule("empty"), rule("judge_sample", needs_label=True), minimum_accepted_share=0.0)
    )
    assert len(chat.requests) == 100 + 15
