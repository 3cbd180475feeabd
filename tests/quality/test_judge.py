"""The gate's flow: what is removed, what only warns, what blocks. Real Great Expectations throughout."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest
from gate_rows import content, make_context, make_rows, make_task, rule, suite, traffic

from veritrain_lib.core import registry
from veritrain_lib.core.errors import UserError
from veritrain_lib.quality import gx_runner
from veritrain_lib.quality.context import Context
from veritrain_lib.quality.gate import run_gate
from veritrain_lib.quality.suite import load_suite, make_suite

UNCERTAIN = json.dumps({"chosen_by": "uncertainty"})


def flag_words(rows: pd.DataFrame, context: Context, *, word: str) -> pd.Series:
    return pd.Series(
        ["flag:word" if word in text else "" for text in rows["text"]], index=rows.index, dtype=object
    )


def crash(rows: pd.DataFrame, context: Context) -> pd.Series:
    raise ZeroDivisionError("a check with a bug")


def shorter(rows: pd.DataFrame, context: Context) -> pd.Series:
    return pd.Series([""] * (len(rows) - 1))


def nulls(rows: pd.DataFrame, context: Context) -> pd.Series:
    return pd.Series([None] * len(rows), index=rows.index, dtype=object)


@pytest.fixture(autouse=True)
def _own_checks():
    for name, check in (("flag", flag_words), ("crash", crash), ("shorter", shorter), ("nulls", nulls)):
        registry.register("checks", name, check)


def flag(**changes: Any) -> dict[str, Any]:
    return rule("flag", parameters={"word": "BAD"}, **changes)


def ten(bad: int, source: str = "pool", provenance: str = "{}") -> pd.DataFrame:
    return make_rows([f"BAD {n}" if n < bad else f"good {n}" for n in range(10)], "bug", source, provenance)


def test_rejected_rows_are_quarantined_with_their_reasons():
    verdict = run_gate(ten(1), make_context(), suite(flag()))
    assert verdict.status == "passed"
    assert verdict.block_reasons == []
    assert verdict.quarantine[["text", "reasons"]].to_numpy().tolist() == [["BAD 0", "flag:word"]]
    assert verdict.accepted["text"].tolist() == [f"good {n}" for n in range(1, 10)]
    line = verdict.rules.iloc[0]
    assert (line["checked"], line["rejected"], line["share"], line["limit"], line["outcome"]) == (
        10,
        1,
        0.1,
        0.1,
        "passed",
    )
    assert (round(line["low"], 4), round(line["high"], 4)) == (0.0000, 0.4260)  # Agresti-Coull, 1 in 10
    assert verdict.overview["accepted"] == 9
    assert verdict.overview["mean_words"] == {"text": 2.0}


def test_a_share_above_the_limit_blocks_with_its_numbers():
    verdict = run_gate(ten(2), make_context(), suite(flag()))
    assert verdict.status == "blocked"
    assert verdict.rules["outcome"].tolist() == ["failed"]
    (reason,) = verdict.block_reasons
    assert "2 of 10 rows rejected, share 0.200 (95 % interval 0.046 to 0.521), limit 0.100" in reason


def test_editing_the_threshold_in_the_file_changes_the_outcome(tmp_path):
    path = tmp_path / "own.json"
    outcomes = []
    for mostly in (0.9, 0.8):
        path.write_text(json.dumps(content(flag(mostly=mostly))))
        outcomes.append(run_gate(ten(2), make_context(), load_suite(path)).status)
    assert outcomes == ["blocked", "passed"]


def test_a_failed_rule_of_severity_warning_tells_but_does_not_block():
    verdict = run_gate(ten(5), make_context(), suite(flag(severity="warning")))
    assert verdict.status == "passed"
    assert verdict.rules["outcome"].tolist() == ["warned"]
    assert len(verdict.quarantine) == 5


def test_the_action_warn_keeps_the_row():
    verdict = run_gate(ten(1), make_context(), suite(flag(action="warn")))
    assert len(verdict.accepted) == 10
    assert verdict.warnings["reasons"].tolist() == ["flag:word"]


def test_rows_of_people_are_kept_with_a_warning():
    verdict = run_gate(ten(5, source="human"), make_context(), suite(flag()))
    assert (verdict.status, len(verdict.accepted), len(verdict.warnings)) == ("passed", 10, 5)
    assert verdict.rules["rejected"].tolist() == [0]


@pytest.mark.parametrize(("on_uncertain", "kept"), [("warn", 10), ("quarantine", 9), (None, 9)])
def test_rows_chosen_by_uncertainty_follow_the_suite(on_uncertain: str | None, kept: int):
    changes = {"on_uncertain": on_uncertain} if on_uncertain else {}
    verdict = run_gate(ten(1, provenance=UNCERTAIN), make_context(), suite(flag(**changes)))
    assert len(verdict.accepted) == kept


def test_a_row_that_is_set_aside_is_removed_and_does_not_count_towards_the_limit():
    asking = suite(flag(mostly=1, on_uncertain="set_aside"))
    verdict = run_gate(ten(1, provenance=UNCERTAIN), make_context(), asking)
    assert (verdict.status, len(verdict.accepted), len(verdict.quarantine)) == ("passed", 9, 1)
    assert verdict.rules["rejected"].tolist() == [0]
    assert run_gate(ten(1), make_context(), asking).status == "blocked"


def test_all_reasons_of_a_row_are_given():
    rows = make_rows(["BAD", "good one", "good two"], ["nothing", "bug", "bug"])
    verdict = run_gate(
        rows, make_context(), suite(flag(mostly=0), rule("empty", mostly=0), rule("contract", mostly=0))
    )
    assert verdict.quarantine["reasons"].tolist() == ["flag:word; contract:unknown_label=nothing"]


def test_an_empty_frame_is_blocked():
    verdict = run_gate(make_rows([]), make_context(), suite(flag()))
    assert verdict.status == "blocked"
    assert verdict.block_reasons == ["no rows: there is nothing to judge"]


def test_all_rows_rejected_is_blocked_even_without_limits():
    verdict = run_gate(ten(10), make_context(), suite(flag(mostly=0), minimum_accepted_share=0.0))
    assert verdict.status == "blocked"
    assert verdict.block_reasons == ["minimum_rows: 0 rows accepted, 1 needed"]


def test_too_small_a_share_accepted_is_blocked():
    verdict = run_gate(ten(6), make_context(), suite(flag(mostly=0), minimum_accepted_share=0.5))
    assert verdict.block_reasons[0].startswith("minimum_accepted_share: 4 of 10 rows accepted, share 0.400")


def test_a_label_without_rows_is_blocked_unless_trusted_rows_have_it():
    rules = suite(flag(), minimum_rows_per_label=1)
    assert "coverage: 2 of 3 labels" in run_gate(ten(0), make_context(), rules).block_reasons[0]
    trusted = make_rows(["a", "b"], ["login", "refund"], "human")
    assert run_gate(ten(0), make_context(accepted_rows=trusted), rules).status == "passed"


@pytest.mark.parametrize(("check", "said"), [("crash", "ZeroDivisionError: a check with a bug"),
                                             ("shorter", "returned 9"), ("nulls", "TypeError")])  # fmt: skip
def test_a_broken_check_blocks_as_an_error_not_as_a_failed_rule(check: str, said: str):
    verdict = run_gate(ten(0), make_context(), suite(rule(check), flag()))
    assert verdict.status == "blocked"
    assert verdict.rules["outcome"].tolist() == ["error", "passed"]
    assert "error, the rule could not be evaluated" in verdict.block_reasons[0]
    assert said in verdict.block_reasons[0]


def test_a_missing_column_is_refused():
    with pytest.raises(UserError, match="label"):
        run_gate(ten(0).drop(columns="label"), make_context(), suite(flag()))


def test_a_stock_expectation_on_a_column_that_is_not_there_is_an_error():
    stock = rule(
        None,
        "length",
        type="expect_column_value_lengths_to_be_between",
        kwargs={"column": "txt", "min_value": 3},
    )
    verdict = run_gate(ten(0), make_context(), suite(stock))
    assert (verdict.status, verdict.rules["outcome"].tolist()) == ("blocked", ["error"])


def test_a_stock_expectation_quarantines_its_rows_and_nulls_too():
    stock = rule(None, "length", type="expect_column_value_lengths_to_be_between",
                 kwargs={"column": "text", "min_value": 3, "mostly": 0.5})  # fmt: skip
    verdict = run_gate(make_rows(["good one", "no", None, "another one"]), make_context(), suite(stock))
    assert verdict.status == "passed"
    assert verdict.quarantine["reasons"].tolist() == ["length:rejected"] * 2
    assert verdict.rules["rejected"].tolist() == [2]


@pytest.mark.parametrize(("least", "status"), [(5, "passed"), (50, "blocked")])
def test_a_stock_expectation_about_the_table_blocks_without_removing_rows(least: int, status: str):
    stock = rule(None, "size", type="expect_table_row_count_to_be_between", kwargs={"min_value": least})
    verdict = run_gate(ten(0), make_context(), suite(stock))
    assert (verdict.status, len(verdict.accepted)) == (status, 10)


def test_results_that_great_expectations_leaves_out_block(monkeypatch):
    real = gx_runner._validate
    monkeypatch.setattr(gx_runner, "_validate", lambda rules, frame, form: real(list(rules)[:1], frame, form))
    verdict = run_gate(ten(0), make_context(), suite(flag(), rule("empty")))
    assert verdict.status == "blocked"
    assert set(verdict.rules["outcome"]) == {"error"}


def test_an_exact_test_copy_among_peoples_rows_blocks():
    rows = make_rows(["where is my order from tuesday", "good"], "bug", "human")
    verdict = run_gate(
        rows,
        make_context(test_inputs=make_rows(["Where is my order from Tuesday?"], "")),
        suite(rule("leakage")),
    )
    assert verdict.status == "blocked"
    assert rows["id"][0] in verdict.block_reasons[0]
    assert len(verdict.accepted) == 2


def test_rules_that_need_a_label_only_see_what_the_others_leave():
    seen = []

    def look(rows: pd.DataFrame, context: Context) -> pd.Series:
        seen.extend(rows["text"])
        return pd.Series("", index=rows.index, dtype=object)

    registry.register("checks", "look", look)
    run_gate(
        make_rows(["", "good"]),
        make_context(),
        suite(rule("look", needs_label=True), rule("empty", mostly=0.1)),
    )
    assert seen == ["good"]


def test_the_index_of_the_rows_does_not_count():
    rows = ten(1)
    rows.index = [7] * 10
    assert run_gate(rows, make_context(), suite(flag())).quarantine["text"].tolist() == ["BAD 0"]


def test_the_same_rows_give_the_same_verdict():
    shipped = load_suite("classification")
    verdicts = [run_gate(traffic(60), make_context(make_task("en")), shipped) for _ in range(2)]
    pd.testing.assert_frame_equal(verdicts[0].rules, verdicts[1].rules)
    assert json.dumps(verdicts[0].as_dict()) == json.dumps(verdicts[1].as_dict())


def test_test_rows_with_answers_are_refused():
    with pytest.raises(UserError, match="held out"):
        make_context(test_inputs=make_rows(["a"], "bug"))


def test_a_suite_with_a_typo_never_passes():
    typo = content(flag())
    typo["expectations"][0]["type"] = "expect_column_values_to_be_in_sets"
    with pytest.raises(UserError, match="expect_column_values_to_be_in_set"):
        make_suite(typo)
