"""The table of batches says what the rows of each round did to the likelihood of the right answers."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from veritrain_lib.core.task import Task
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.report.batch_table import (
    ALL_BATCHES,
    COLUMNS,
    LEAST_SCORE,
    harmful,
    log_likelihood,
    measure_batches,
    sentence,
)
from veritrain_lib.trainers.tfidf_svc import TfidfSvc


class Fixed:
    """A scorer with the same scores for every row."""

    labels = ["billing", "greeting"]  # noqa: RUF012

    def scores(self, rows: pd.DataFrame) -> np.ndarray:
        return np.tile([0.25, 0.75], (len(rows), 1))


def fit_for(task: Task):  # type: ignore[no-untyped-def]
    return lambda rows: TfidfSvc().train(task, rows, seed=0).model


@pytest.fixture
def parts(task: Task) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Seed rows, and two batches of 30 pool rows: a right one and one with every label wrong."""
    pool = sources.pool_answers(task).sample(frac=1, random_state=0)
    wrong = pool.iloc[30:].copy()
    following = dict(zip(task.labels, [*task.labels[1:], task.labels[0]], strict=True))
    wrong["label"] = wrong["label"].map(following)
    return sources.seed_rows(task), pool.iloc[:30], wrong


def test_the_batch_with_wrong_labels_is_named_and_the_right_one_is_not(
    task: Task, parts: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame], development: pd.DataFrame
) -> None:
    seed, right, wrong = parts
    batches = {"tiny@3": frozenset(right["id"]), "tiny@5": frozenset(wrong["id"])}
    rows = pd.concat([seed, right, wrong], ignore_index=True)
    table = measure_batches(
        task, fit_for(task), rows, batches, development, rounds={"tiny@3": 1, "tiny@5": 2}
    )
    assert list(table.columns) == list(COLUMNS)
    assert table["batch"].tolist() == ["tiny@3", "tiny@5", ALL_BATCHES]
    assert harmful(table) == ["tiny@5"]
    assert table["verdict"][0] == "helps"
    assert table["rows"].tolist() == [30, 30, 60]
    assert table["against_random"].isna().all()
    assert "1 shown to help, 1 shown to harm" in sentence(table)


def test_an_effect_is_the_mean_of_leaving_the_batch_out_and_of_adding_it(
    task: Task, parts: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame], development: pd.DataFrame
) -> None:
    seed, right, wrong = parts
    rows = pd.concat([seed, right, wrong], ignore_index=True)
    batches = {"a": frozenset(right["id"]), "b": frozenset(wrong["id"])}
    line = measure_batches(task, fit_for(task), rows, batches, development).iloc[0]

    def mean(*frames: pd.DataFrame) -> float:
        model = fit_for(task)(pd.concat(frames, ignore_index=True))
        return float(log_likelihood(task, model, development).mean())

    assert line["left_out"] == pytest.approx(mean(seed, right, wrong) - mean(seed, wrong))
    assert line["added"] == pytest.approx(mean(seed, right) - mean(seed))
    assert line["effect"] == pytest.approx((line["left_out"] + line["added"]) / 2)


def test_the_contradicted_rows_of_a_batch_are_measured_by_themselves(
    task: Task, parts: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame], development: pd.DataFrame
) -> None:
    seed, right, wrong = parts
    bad = wrong.iloc[:20]
    known = pd.concat([seed, right], ignore_index=True)
    batches = {"right": frozenset(right["id"].iloc[20:]), "bad": frozenset(bad["id"])}
    rows = pd.concat([known, bad], ignore_index=True)
    table = measure_batches(task, fit_for(task), rows, batches, development).set_index("batch")
    without = fit_for(task)(known)
    contradicted = bad["label"] != [without.labels[column] for column in without.scores(bad).argmax(axis=1)]
    assert table.loc["bad", "contradicted"] == pytest.approx(contradicted.mean())
    assert table.loc["bad", "p_contradicted"] < 0.025
    assert table.loc["bad", "contradicted_effect"] < 0
    assert np.isnan(table.loc["right", "contradicted_effect"])


def test_a_batch_is_compared_with_as_many_random_rows_where_there_are_enough(
    task: Task, parts: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame], development: pd.DataFrame
) -> None:
    seed, right, wrong = parts
    rows = pd.concat([seed, wrong], ignore_index=True)
    batches = {"bad": frozenset(wrong["id"])}
    table = measure_batches(task, fit_for(task), rows, batches, development, random_rows=right)
    assert table["random_high"][0] < 0  # worse than random rows with right labels
    few = measure_batches(task, fit_for(task), rows, batches, development, random_rows=right.head(29))
    assert np.isnan(few["against_random"][0])


def test_without_batches_or_scores_the_table_is_empty(task: Task, development: pd.DataFrame) -> None:
    seed = sources.seed_rows(task)
    assert not len(measure_batches(task, fit_for(task), seed, {}, development))
    some = {"a": frozenset(seed["id"].iloc[:6])}
    assert not len(measure_batches(task, lambda rows: object(), seed, some, development))


def test_the_likelihood_of_a_label_that_the_student_never_saw_is_bounded(task: Task) -> None:
    rows = pd.DataFrame({"text": ["a", "b", "c"], "label": ["billing", "greeting", "parcel"]})
    found = log_likelihood(task, Fixed(), rows)
    assert found == pytest.approx(np.log([0.25, 0.75, LEAST_SCORE]))


def test_the_table_can_be_stored_as_plain_numbers(
    task: Task, parts: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame], development: pd.DataFrame
) -> None:
    seed, right, _ = parts
    rows = pd.concat([seed, right], ignore_index=True)
    table = measure_batches(task, fit_for(task), rows, {"a": frozenset(right["id"])}, development)
    assert json.loads(table.to_json(orient="records"))[0]["rows"] == 30
