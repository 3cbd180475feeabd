"""Numbers about the dataset as a whole, against values counted by hand or by scipy, and how they judge."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pandas as pd
import pytest
from gate_rows import WORDS, make_context, make_rows, make_task, rule, suite, traffic
from scipy.stats import ks_2samp

from veritrain_lib.core import registry
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import Slices
from veritrain_lib.quality.checks import balance, coverage, length_drift, vocabulary_drift
from veritrain_lib.quality.dataset_metric import DatasetMetric
from veritrain_lib.quality.distances import kolmogorov, total_variation
from veritrain_lib.quality.gate import run_gate
from veritrain_lib.quality.suite import make_suite

MOST = "expect_column_max_to_be_between"


def measuring(check: str, limit: float, **changes: Any) -> dict[str, Any]:
    """A rule that holds a measure against a limit."""
    return rule(
        check, type=MOST, kwargs={"column": f"measure_{check}", "max_value": limit}, action="warn", **changes
    )


def seeds(count: int = 60) -> pd.DataFrame:
    return traffic(count, start=10_000).assign(source="human")


def test_total_variation_is_the_share_that_would_have_to_change():
    value, low, high = total_variation(["a"] * 50 + ["b"] * 50, ["a"] * 80 + ["b"] * 20, seed=1)
    assert value == pytest.approx(0.3)
    assert 0.1 < low < 0.3 < high < 0.5
    assert total_variation(["a"], ["b"], seed=1)[0] == 1


def test_kolmogorov_is_scipys_statistic():
    chance = np.random.default_rng(3)
    one, other = chance.poisson(6, 80).tolist(), chance.poisson(8, 120).tolist()
    value, low, high = kolmogorov(one, other, seed=0)
    assert value == pytest.approx(ks_2samp(one, other).statistic)
    assert low <= value <= high


def test_the_low_end_stays_near_zero_where_only_chance_parts_two_samples():
    chance = random.Random(5)
    lows = [
        total_variation(chance.choices("abcdefghij", k=100), chance.choices("abcdefghij", k=200), seed)[1]
        for seed in range(40)
    ]
    assert np.mean([low > 0.05 for low in lows]) <= 0.1


@pytest.mark.parametrize(("values", "count"), [(3, 200), (12, 100), (150, 100)])
def test_the_interval_holds_the_true_distance_even_with_more_values_than_rows(values: int, count: int):
    chance = np.random.default_rng(1)
    theirs = np.full(values, 1 / values)
    ours = theirs * np.where(np.arange(values) < values // 2, 1.4, 1)
    ours[values // 2 :] *= (1 - ours[: values // 2].sum()) / ours[values // 2 :].sum()
    true = np.abs(ours - theirs).sum() / 2
    inside = 0
    for seed in range(40):
        one, other = (chance.choice(values, count, p=side).astype(str).tolist() for side in (ours, theirs))
        _, low, high = total_variation(one, other, seed)
        inside += low <= true <= high
    assert inside >= 37


def test_coverage_counts_labels_and_slices_that_have_no_row():
    rows = make_rows(["a", "b"], ["bug", "login"])
    found = coverage.check(rows, make_context(accepted_rows=seeds()))
    assert (found.value, found.n) == (pytest.approx(1 / 3), 2)
    assert found.note == "fewer than 1 rows: label refund has 0"
    assert coverage.check(traffic(9), make_context()).value == 0
    assert coverage.check(traffic(9), make_context(), minimum=4).value == 1


def test_balance_tells_a_batch_of_one_label_from_one_like_the_seed():
    even = balance.check(traffic(90), make_context(accepted_rows=seeds()))
    lopsided = balance.check(traffic(90).assign(label="bug"), make_context(accepted_rows=seeds()))
    assert (even.value, even.low) == (0, 0)
    assert lopsided.value == pytest.approx(2 / 3)
    assert 0.4 < lopsided.low < lopsided.high < 0.85
    assert "label 0.67" in lopsided.note


def test_longer_texts_are_drift_and_other_ones_of_the_same_length_are_not():
    context = make_context(accepted_rows=seeds())
    same = length_drift.check(traffic(60), context)
    longer = length_drift.check(traffic(60).assign(text=traffic(60)["text"] + " and so on and on"), context)
    assert same.low < 0.05
    assert longer.low > 0.5
    assert "median length: text" in longer.note


def test_new_words_beyond_the_expected_are_drift():
    context = make_context(accepted_rows=seeds(200))
    same = vocabulary_drift.check(traffic(200), context)
    others = make_rows([f"der Drucker in Raum {n} druckt nur weisse Seiten" for n in range(100)])
    other = vocabulary_drift.check(others, context)
    assert same.low == 0
    assert other.low > 0.4
    assert "drucker" in other.note


def test_text_without_spaces_is_compared_by_pairs_of_characters():
    assert vocabulary_drift.words("請求書が届きません。") == [
        "請求",
        "求書",
        "書が",
        "が届",
        "届き",
        "きま",
        "ませ",
        "せん",
    ]
    assert length_drift.length("請求書 が届きません") == 9
    assert vocabulary_drift.words("請求書\x1fThe invoice") == ["請求", "求書", "the", "invoice"]


@pytest.mark.parametrize("check", [balance, coverage, length_drift, vocabulary_drift])
def test_with_nothing_to_compare_nothing_is_measured(check: Any):
    found = check.check(make_rows([]), make_context())
    assert (found.n, found.low, found.high) == (0, 0, 1)
    assert found.note.startswith("not measured: ")


def test_a_measure_shown_to_be_above_its_limit_blocks_or_warns_with_its_numbers():
    rows, context = traffic(90).assign(label="bug"), make_context(accepted_rows=seeds())
    blocked = run_gate(rows, context, suite(measuring("balance", 0.3)))
    assert (blocked.status, blocked.rules["outcome"].tolist()) == ("blocked", ["failed"])
    assert blocked.block_reasons[0].startswith("balance: failed, 0.667 (95 % interval 0.")
    assert "n = 90), limit 0.300: distance from the seed rows' shares: label 0.67" in blocked.block_reasons[0]
    assert len(blocked.accepted) == 90
    warned = run_gate(rows, context, suite(measuring("balance", 0.3, severity="warning")))
    assert (warned.status, warned.rules["outcome"].tolist()) == ("passed", ["warned"])
    assert "label 0.67" in warned.overview["measured"]["balance"]
    assert run_gate(rows, context, suite(measuring("balance", 0.9))).rules["outcome"].tolist() == ["passed"]


def test_only_rows_that_the_row_checks_leave_are_measured():
    rows = pd.concat([traffic(30), make_rows([""] * 30, "bug")], ignore_index=True)
    verdict = run_gate(
        rows, make_context(accepted_rows=seeds()), suite(rule("empty", mostly=0), measuring("balance", 0.1))
    )
    line = verdict.rules.iloc[1]
    assert (line["checked"], line["share"], line["kind"]) == (30, 0, "dataset")


def test_a_critical_measure_that_could_not_be_taken_is_an_error_another_warns():
    critical = run_gate(traffic(9), make_context(), suite(measuring("length_drift", 0.3)))
    assert (critical.status, critical.rules["outcome"].tolist()) == ("blocked", ["error"])
    warning = run_gate(traffic(9), make_context(), suite(measuring("length_drift", 0.3, severity="warning")))
    assert (warning.status, warning.rules["outcome"].tolist()) == ("passed", ["warned"])


def test_a_row_check_in_a_measures_place_and_the_reverse_are_errors():
    for wrong in (measuring("empty", 0.5), rule("balance")):
        verdict = run_gate(traffic(9), make_context(accepted_rows=seeds()), suite(wrong))
        assert (verdict.status, verdict.rules["outcome"].tolist()) == ("blocked", ["error"])


def test_a_measure_that_is_no_number_is_an_error():
    registry.register("checks", "odd", lambda rows, context: DatasetMetric(float("nan"), 0, 1, 3))
    verdict = run_gate(traffic(9), make_context(), suite(measuring("odd", 0.5)))
    assert verdict.status == "blocked"
    assert "all finite" in verdict.block_reasons[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda one: one["kwargs"].update(max_value="0.3"), "max_value is '0.3'"),
        (lambda one: one["kwargs"].pop("max_value"), "max_value is None"),
        (lambda one: one["kwargs"].update(min_value=0), "takes column 'measure_balance' and max_value"),
        (lambda one: one["kwargs"].update(column="ok_balance"), "takes column 'measure_balance'"),
        (lambda one: one["meta"].update(action="quarantine"), "must be 'warn'"),
    ],
)
def test_a_measures_rule_with_a_mistake_is_refused(change: Any, said: str):
    one = measuring("balance", 0.3)
    change(one)
    limits = {"minimum_rows": 1, "minimum_accepted_share": 0.1, "minimum_rows_per_label": 0}
    with pytest.raises(UserError, match=said):
        make_suite({"name": "tiny", "version": 1, "dataset": limits, "expectations": [one]})


def test_free_text_answers_are_measured_like_inputs():
    task = make_task(labels=None)
    rows = make_rows(["same text here"] * 40, ["a long answer of six words"] * 40)
    trusted = make_rows(["same text here"] * 40, ["short"] * 40, "human")
    found = length_drift.check(rows, make_context(task, accepted_rows=trusted))
    assert found.value == 1
    assert len(WORDS) == 3


def test_slices_are_counted_and_weighed_like_labels():
    task = make_task().model_copy(update={"slices": Slices(by=["channel"])})
    trusted = seeds().assign(channel=["mail", "chat", "phone"] * 20)
    rows = traffic(60).assign(channel=["mail"] * 59 + ["chat"])
    context = make_context(task, accepted_rows=trusted)
    missing = coverage.check(rows, context)
    assert (missing.value, missing.note) == (pytest.approx(1 / 6), "fewer than 1 rows: channel phone has 0")
    far = balance.check(rows, context)
    assert far.value == pytest.approx(59 / 60 - 1 / 3)
    assert "label 0.00, channel 0.65" in far.note


def test_development_rows_stand_in_while_no_row_of_people_is_trusted():
    context = make_context(development=traffic(60, start=10_000))
    assert balance.check(traffic(90).assign(label="bug"), context).value == pytest.approx(2 / 3)
    trusted = traffic(30).assign(label="bug", source="pool")
    context = make_context(development=traffic(60, start=10_000), accepted_rows=trusted)
    assert balance.check(traffic(90).assign(label="bug"), context).value == pytest.approx(2 / 3)
