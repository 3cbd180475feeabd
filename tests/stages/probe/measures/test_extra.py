"""What the probe measures beyond accuracy: against models whose numbers are known beforehand."""

from __future__ import annotations

import time
from typing import Any

import pandas as pd
import pytest

from tests.stages.probe.measures.answering import Answering, Paying
from veritrain_lib.core.task import Task
from veritrain_lib.stages.probe import run as probe
from veritrain_lib.stages.probe.measures.changes import CHANGES
from veritrain_lib.stages.probe.measures.measure_names import MEASURE_INFO
from veritrain_lib.stages.probe.result import ProbeResult
from veritrain_lib.stages.stage_result import Measure
from veritrain_lib.trainers.tfidf_svc import TfidfSvc

Measures = dict[str, Measure]


@pytest.fixture
def by_text(development: pd.DataFrame) -> dict[str, str]:
    return dict(zip(development["text"], development["label"], strict=True))


def probed(task: Task, model: Any, development: pd.DataFrame, **config: Any) -> ProbeResult:
    return probe.run(probe.ProbeConfig(**config), task, model, development)


def values(result: ProbeResult, *names: str) -> list[float | None]:
    return [result.measures[name].value for name in names]


ROBUST = tuple(CHANGES)


def test_a_model_that_reads_only_exact_texts_is_steady_and_not_robust(
    task: Task, development: pd.DataFrame, by_text: dict[str, str]
) -> None:
    model = Answering(lambda text: by_text.get(text, "no such label"))
    result = probed(task, model, development)
    assert values(result, "accuracy", "stability", *ROBUST) == [1.0, 1.0, 0.0, 0.0, 0.0]
    # Another answer than the planted one, even a foolish one, is no obedience.
    assert values(result, "injection_resistance") == [1.0]
    assert result.measures["stability"].n == 30
    assert result.notes == ()


def test_a_model_that_obeys_the_text_resists_nothing(
    task: Task, development: pd.DataFrame, by_text: dict[str, str]
) -> None:
    def obey(text: str) -> str:
        said, _, order = text.partition("\n\n")
        named = [label for label in task.labels if label in order]
        return named[0] if named else by_text[said]

    result = probed(
        task, Answering(lambda text: obey(text) if "\n\n" in text else by_text.get(text)), development
    )
    assert values(result, "injection_resistance", "stability") == [0.0, 1.0]
    again = result.tables["again"]
    ordered = again[again["measure"] == "injection_resistance"]
    assert (ordered["answer"] == ordered["planted"]).all()
    assert (ordered["first_answer"] != ordered["planted"]).all()
    assert not (ordered["planted"] == ordered["input"].str.partition("\n\n")[0].map(by_text)).any()


def test_rows_that_fail_stay_in_every_denominator(task: Task, development: pd.DataFrame) -> None:
    texts = development["text"].tolist()
    failing = set(texts[:10])
    label = task.labels[0]
    model = Answering(lambda text: None if text.partition("\n\n")[0] in failing else label)
    result = probed(task, model, development)
    assert values(result, "stability") == [pytest.approx(20 / 30)]
    assert values(result, "injection_resistance") == [pytest.approx(20 / 30)], (
        "no answer has resisted nothing"
    )
    # Right or wrong, ten rows without an answer are a gap of 1 each; the others say 1.0 and are right 10 of 20.
    right = sum(development["label"][10:] == label)
    assert values(result, "calibration_error") == [pytest.approx((10 + 20 - right) / 30)]
    assert result.measures["calibration_error"].n == 30


def test_a_paid_model_is_asked_few_rows_again_and_under_another_sample(
    task: Task, development: pd.DataFrame, by_text: dict[str, str]
) -> None:
    model = Paying(lambda text: by_text.get(text, "parcel"))
    model.second = lambda text: "parcel"
    result = probed(task, model, development, extra_rows=6, money=10.0)
    assert [len(rows) for rows in model.asked] == [30, 6, 6, 6, 6, 6]
    assert model.samples == [0, 1, 0, 0, 0, 0]
    assert set(model.asked[1]) <= set(model.asked[0])
    same = [by_text[text] == "parcel" for text in model.asked[1]]
    assert values(result, "stability") == [sum(same) / 6]
    assert values(result, "dollars_per_1000", "seconds_median") == [pytest.approx(10.0), 2.0]
    assert result.measures["seconds_median"].n == 30, "its own times of the first answers"
    assert result.measures["seconds_p95"].high is None, "30 rows are too few for the upper end"


def test_without_the_money_the_extra_measures_are_left_out_and_named(
    task: Task, development: pd.DataFrame, by_text: dict[str, str]
) -> None:
    # 30 first answers cost 0.30; of the 0.45 allowed two measures of 6 rows fit, the third does not.
    result = probed(task, Paying(lambda text: by_text.get(text)), development, extra_rows=6, money=0.45)
    assert {"stability", "injection_resistance"} <= set(result.measures)
    assert not set(ROBUST) & set(result.measures)
    assert [note.split(" ")[0] for note in result.notes] == list(ROBUST)
    assert "it would cost about 0.0600 US dollars and 0.0300 are left; raise budget.money" in result.notes[0]
    assert result.notes[0] in result.card()._repr_html_()


def test_a_cap_met_on_the_way_ends_the_extra_measures_not_the_probe(
    task: Task, development: pd.DataFrame, by_text: dict[str, str]
) -> None:
    model = Paying(lambda text: by_text.get(text), cap=0.31)
    result = probed(task, model, development, extra_rows=6, money=10.0)
    assert values(result, "accuracy") == [1.0]
    assert result.notes[0] == "stability was not measured: the cap of 1.00 US dollars would be passed"
    assert len(result.notes) == 5
    assert len(model.asked) == 1


def test_refusals_are_counted_and_a_refusal_has_resisted(task: Task, development: pd.DataFrame) -> None:
    refused = set(development["text"][:3])
    model = Paying(lambda text: None if text in refused or "\n\n" in text else "parcel")
    result = probed(task, model, development, extra_rows=30, money=10.0)
    assert values(result, "refusal_rate", "injection_resistance") == [0.1, 1.0]


def test_no_row_is_asked_again_when_none_is_wanted(task: Task, development: pd.DataFrame) -> None:
    model = Answering(lambda text: "parcel")
    result = probed(task, model, development, extra_rows=0)
    assert len(model.asked) == 1
    assert "stability" not in result.measures
    assert "seconds_median" not in result.measures
    assert {"refusal_rate", "calibration_error"} <= set(result.measures)
    assert "dollars_per_1000" not in result.measures, "a model that names no cost is not called free"


def test_the_same_seed_asks_the_same(task: Task, development: pd.DataFrame) -> None:
    models = [Answering(lambda text: "parcel") for _ in range(3)]
    for model, seed in zip(models, (1, 1, 2), strict=True):
        probed(task, model, development, rows=20, extra_rows=4, seed=seed)
    asked = [model.asked for model in models]
    assert asked[0] == asked[1] != asked[2]


def test_every_measure_has_a_meaning_and_the_result_is_stored_whole(
    task: Task, development: pd.DataFrame, by_text: dict[str, str], tmp_path: Any
) -> None:
    result = probed(task, Paying(lambda text: by_text.get(text, "parcel")), development, money=10.0)
    assert set(result.measures) - {"accuracy"} == set(MEASURE_INFO)
    result.save(tmp_path)
    again = ProbeResult.load(tmp_path)
    assert again.model_dump() == result.model_dump()
    pd.testing.assert_frame_equal(again.tables["card"], result.tables["card"])
    assert again.card().table().equals(result.card().table())
    assert again.reliability().axes
    assert "accuracy" in again.picture().alt  # type: ignore[attr-defined]


def test_a_students_extra_measures_take_a_moment(task: Task, development: pd.DataFrame) -> None:
    model = TfidfSvc().train(task, development, seed=0).model
    many = pd.concat([development] * 8, ignore_index=True)

    def seconds(extra_rows: int) -> float:
        start = time.process_time()
        probed(task, model, many, extra_rows=extra_rows)
        return time.process_time() - start

    seconds(40)
    assert min(seconds(40) for _ in range(3)) - min(seconds(0) for _ in range(3)) < 2
