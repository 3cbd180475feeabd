"""Whatever can't be evaluated never passes. Real Great Expectations, in each way in which it would let things pass."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from gate_rows import content, make_context, make_rows, rule, suite

from veritrain_lib.core import registry
from veritrain_lib.core.errors import UserError
from veritrain_lib.quality.gate import run_gate
from veritrain_lib.quality.suite import make_suite
from veritrain_lib.quality.verdict import GateVerdict

GOOD = ["one good row", "two good rows", "three good rows", "four good rows"]


def stock(kind: str, **kwargs: Any) -> dict[str, Any]:
    return rule(None, "stock", type=kind, kwargs=kwargs)


def judged(one: dict[str, Any], rows: pd.DataFrame | None = None) -> GateVerdict:
    return run_gate(make_rows(GOOD) if rows is None else rows, make_context(), suite(one))


def crash(rows: pd.DataFrame, context: Any) -> pd.Series:
    raise RuntimeError("a bug in a check")


def test_an_empty_frame_never_passes() -> None:
    for one in (rule("empty"), stock("expect_column_values_to_not_be_null", column="text"),
                stock("expect_table_row_count_to_be_between", min_value=0)):  # fmt: skip
        verdict = judged(one, make_rows([]))
        assert (verdict.status, verdict.rules["outcome"].tolist()) == ("blocked", ["error"])


def test_a_crashing_rule_never_passes_whatever_its_severity() -> None:
    registry.register("checks", "crash", crash)
    for severity in ("critical", "warning", "info"):
        verdict = judged(rule("crash", severity=severity, mostly=0, action="warn"))
        assert (verdict.status, verdict.rules["outcome"].tolist()) == ("blocked", ["error"])


def test_all_rows_rejected_never_passes_whatever_the_limits() -> None:
    verdict = run_gate(
        make_rows([""] * 4), make_context(), suite(rule("empty", mostly=0), minimum_accepted_share=0.0)
    )
    assert (verdict.status, len(verdict.accepted), len(verdict.quarantine)) == ("blocked", 0, 4)


@pytest.mark.parametrize("column", ["txt", "label_"])
def test_a_column_that_is_not_there_never_passes(column: str) -> None:
    verdict = judged(stock("expect_column_values_to_not_be_null", column=column))
    assert (verdict.status, verdict.rules["outcome"].tolist()) == ("blocked", ["error"])


@pytest.mark.parametrize("column", ["ok_empty", "measure_balance"])
def test_a_column_that_a_check_fills_is_refused_without_the_check(column: str) -> None:
    with pytest.raises(UserError, match=f"the column {column} is filled by a check"):
        suite(stock("expect_column_values_to_not_be_null", column=column))


@pytest.mark.parametrize(
    "change", [{"type": "expect_colum_values_to_be_unique"}, {"check": "emtpy"}, {"severity": "crit"}]
)
def test_a_rule_with_a_typo_never_loads(change: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        make_suite(content(rule(change.pop("check", "empty"), "empty", **change)))


def test_an_expectation_that_looks_at_the_columns_type_alone_is_believed_when_it_fails() -> None:
    """It names no rejected row, so counting them would make it pass."""
    numbers = make_rows(GOOD).assign(count=[1, 2, 3, 4])
    right = judged(stock("expect_column_values_to_be_of_type", column="count", type_="int64"), numbers)
    assert right.status == "passed"
    wrong = judged(stock("expect_column_values_to_be_of_type", column="count", type_="float64"), numbers)
    assert (wrong.status, wrong.rules["outcome"].tolist()) == ("blocked", ["failed"])
    assert "does not hold" in wrong.block_reasons[0]


@pytest.mark.parametrize(
    ("kind", "kwargs"),
    [
        ("expect_column_unique_value_count_to_be_between", {"max_value": 3}),
        ("expect_column_distinct_values_to_be_in_set", {"value_set": ["a"]}),
        ("expect_column_proportion_of_unique_values_to_be_between", {"max_value": 0.5}),
    ],
)
def test_a_column_of_nulls_is_an_error_where_great_expectations_calls_it_a_success(
    kind: str, kwargs: dict[str, Any]
) -> None:
    verdict = judged(stock(kind, column="extra", **kwargs), make_rows(GOOD).assign(extra=None))
    assert (verdict.status, verdict.rules["outcome"].tolist()) == ("blocked", ["error"])
    assert "hold no value" in verdict.block_reasons[0]


def test_rows_left_out_by_a_condition_would_pass_unseen_so_it_is_refused() -> None:
    with pytest.raises(UserError, match="row_condition is not supported"):
        suite(stock("expect_column_values_to_not_be_null", column="text", row_condition='col("label")=="bug"',
                    condition_parser="great_expectations"))  # fmt: skip


def test_a_parameter_that_nobody_gives_is_an_error() -> None:
    verdict = judged(
        stock("expect_column_values_to_match_regex", column="text", regex={"$PARAMETER": "mine"})
    )
    assert (verdict.status, verdict.rules["outcome"].tolist()) == ("blocked", ["error"])


def test_a_result_format_of_ones_own_does_not_hide_rejected_rows() -> None:
    with pytest.raises(UserError, match="result_format"):
        suite(
            stock(
                "expect_column_values_to_match_regex",
                column="text",
                regex="^one",
                result_format="BOOLEAN_ONLY",
            )
        )


def test_a_failed_rule_about_the_table_says_what_it_saw() -> None:
    verdict = judged(stock("expect_table_row_count_to_be_between", min_value=9))
    assert verdict.block_reasons == [
        "stock: failed, expect_table_row_count_to_be_between does not hold for the 4 rows; observed: 4"
    ]
    assert verdict.rules["kind"].tolist() == ["dataset"]


def test_an_expectation_about_two_columns_quarantines_its_rows_and_those_with_a_null() -> None:
    rows = make_rows(GOOD).assign(asked=[1, 2, 3, 4], paid=[0, 5, 1, None])
    verdict = judged(stock("expect_column_pair_values_a_to_be_greater_than_b", column_A="asked", column_B="paid",
                           mostly=0.4), rows)  # fmt: skip
    assert verdict.status == "passed"
    assert verdict.quarantine["text"].tolist() == [GOOD[1], GOOD[3]]


def test_an_expectation_about_several_columns_together_quarantines_its_rows() -> None:
    rows = make_rows(GOOD).assign(one=["a", "a", "b", "b"], other=["x", "x", "x", None])
    verdict = judged(
        stock("expect_compound_columns_to_be_unique", column_list=["one", "other"], mostly=0.2), rows
    )
    assert verdict.quarantine["text"].tolist() == [GOOD[0], GOOD[1], GOOD[3]]
