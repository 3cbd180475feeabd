"""Screening a pool before rows are chosen from it."""

from __future__ import annotations

import pandas as pd
import pytest
from gate_rows import make_context, make_rows, make_task, rule, suite

from veritrain_lib.core import registry
from veritrain_lib.core.errors import UserError
from veritrain_lib.quality.gate import screen
from veritrain_lib.quality.suite import load_suite


def unlabelled(texts: list[str]) -> pd.DataFrame:
    return make_rows(texts, "")


def test_only_rules_without_a_label_screen_and_of_copies_the_first_stays():
    rows = unlabelled(
        [
            "the export broke today",
            "",
            "The export broke today!",
            "where is my invoice",
            "x@example.org wrote",
        ]
    )
    rows.index = [3, 1, 4, 15, 92]
    reasons = screen(rows, make_context(make_task("en")), load_suite("classification"))
    assert reasons.index.tolist() == [3, 1, 4, 15, 92]
    assert reasons.tolist() == [
        "",
        "required_fields:missing=text; empty:no_text",
        f"exact_duplicate:of={rows['id'].iloc[0]}",
        "",
        "personal_data:email",
    ]


def test_copies_of_trusted_rows_and_held_out_rows_are_screened_out():
    context = make_context(
        accepted_rows=make_rows(["we cannot log in since monday"], "login", "human"),
        development=make_rows(["the invoice of march is missing"], "bug"),
        test_inputs=make_rows(["please cancel our yearly contract"], ""),
    )
    rows = unlabelled(
        [
            "We cannot log in since Monday.",
            "The invoice of March is missing",
            "Hi, please cancel our yearly contract",
            "fine",
        ]
    )
    kinds = [reason.partition("=")[0] for reason in screen(rows, context, load_suite("classification"))]
    assert kinds == ["exact_duplicate:of", "leakage:exact_development", "leakage:near_test", ""]


def test_rules_that_only_warn_do_not_screen():
    assert screen(unlabelled([""]), make_context(), suite(rule("empty", action="warn"))).tolist() == [""]


def test_an_empty_pool_gives_no_reasons():
    assert screen(unlabelled([]), make_context(), load_suite("classification")).tolist() == []


def test_a_stock_expectation_screens_too():
    stock = rule(
        None,
        "length",
        type="expect_column_value_lengths_to_be_between",
        kwargs={"column": "text", "min_value": 3},
    )
    assert screen(unlabelled(["ab", "abc"]), make_context(), suite(stock)).tolist() == ["length:rejected", ""]


def test_a_broken_check_refuses_the_pool():
    def broken(rows, context):
        raise KeyError("nope")

    registry.register("checks", "broken", broken)
    with pytest.raises(UserError, match=r"could not be screened.*broken: KeyError"):
        screen(unlabelled(["a"]), make_context(), suite(rule("broken")))
