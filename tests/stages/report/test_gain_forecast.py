"""The report says what another round is expected to gain and to cost, and when it is not worth it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.stages.evaluate.result import EvaluateResult
from veritrain_lib.stages.report.facts import Facts
from veritrain_lib.stages.report.gain_forecast import forecast_of, is_hopeless, sentence
from veritrain_lib.stages.report.next_step import next_step
from veritrain_lib.stages.report.run import ReportConfig, run


def rounds(values: list[float]) -> pd.DataFrame:
    number = range(len(values))
    return pd.DataFrame(
        {
            "round": number,
            "rows": [100 * 2**place for place in number],
            "value": values,
            "low": [value - 0.02 for value in values],
            "high": [value + 0.02 for value in values],
            "verdict": "better",
            "promoted": True,
            "seconds": 1.0,
        }
    )


@pytest.fixture
def priced(tmp_path: Path) -> Task:
    return load_task(
        write_tiny(tmp_path, budget={"rounds": 4, "rows_per_round": 400, "price_per_label": 0.5})
    )


def test_a_curve_whose_error_halves_with_every_doubling_goes_on_so(priced: Task) -> None:
    curve = rounds([0.6, 0.8, 0.9])  # errors 0.4, 0.2, 0.1 at 100, 200, 400 rows
    forecast = forecast_of(priced, curve)
    assert forecast is not None
    assert forecast.gain == pytest.approx(0.05)  # 800 rows: 0.05
    told = sentence(priced, forecast)
    assert "Another round of 400 rows is expected to change development accuracy by +0.050 (" in told
    assert told.endswith("its labels cost 200.00, 40.00 for each point.")


def test_without_a_price_only_the_gain_is_told(task: Task) -> None:
    told = sentence(task, forecast_of(task, rounds([0.6, 0.8, 0.9])))
    assert told.endswith("power law through the rounds).")


def test_two_rounds_or_a_metric_that_is_no_share_give_no_forecast(task: Task) -> None:
    assert forecast_of(task, rounds([0.6, 0.8])) is None
    assert forecast_of(task, rounds([60.0, 80.0, 90.0])) is None
    assert sentence(task, None) == ""


def evaluated(detectable: float) -> EvaluateResult:
    slices = pd.DataFrame({"name": ["label=x"], "verdict": ["can't tell"]})
    confusions = pd.DataFrame(columns=["expected", "answered", "count"])
    return EvaluateResult(
        headline="", champion="a", challenger="b", verdict="inconclusive", promote=False, development_gain=0.0,
        development_detectable=detectable, tables={"slices": slices, "confusions": confusions},
    )  # fmt: skip


def test_a_gain_that_can_not_be_shown_ends_in_the_advice_to_stop(task: Task) -> None:
    flat = rounds([0.90, 0.901, 0.902])
    step = next_step(task, Facts("t", flat, evaluate=evaluated(0.2)))
    assert step.action.startswith("Stop here")
    assert "Less than 0.200 can't be shown" in step.why
    steep = rounds([0.5, 0.6, 0.7])
    step = next_step(task, Facts("t", steep, evaluate=evaluated(0.001)))
    assert step.action.startswith("Run another round")
    assert "is expected to change" in step.why
    assert not is_hopeless(None, 0.2)


def test_the_report_measures_the_expected_gain_and_draws_it(task: Task) -> None:
    result = run(ReportConfig(), task, Facts("t", rounds([0.6, 0.8, 0.9])))
    gain = result.measures["expected_gain"]
    assert gain.low is not None
    assert gain.high is not None
    assert gain.low < (gain.value or 0) < gain.high
    labels = [text.get_text() for text in result.learning_curve().axes[0].get_legend().get_texts()]
    assert "expected of one more round" in labels
