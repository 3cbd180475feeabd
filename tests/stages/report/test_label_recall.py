"""The report shows how well each label is recognized, the label with the fewest training rows first."""

from __future__ import annotations

import pandas as pd
import pytest

from veritrain_lib.core.task import Task
from veritrain_lib.stages.report.label_recall import COLUMNS, recall_by_label, sentence
from veritrain_lib.stages.train.result import TrainResult


def trained(by: str = "label") -> TrainResult:
    expected = ["billing"] * 4 + ["parcel"] * 2 + ["greeting"] * 3
    answer = ["billing"] * 4 + ["parcel", "billing"] + ["greeting"] * 3
    predictions = pd.DataFrame({"expected": expected, "answer": answer})
    predictions["correct"] = predictions["expected"] == predictions["answer"]
    counts = pd.DataFrame(
        {"label": ["billing", "greeting", "parcel"], "before": [7, 7, 7], "after": [40, 9, 12]}
    )
    return TrainResult(headline="", rows=61, by=by, tables={"predictions": predictions, "labels": counts})


def test_the_rarest_label_comes_first_with_its_interval(task: Task) -> None:
    table = recall_by_label(task, trained())
    assert list(table.columns) == list(COLUMNS)
    assert table["label"].tolist() == ["greeting", "parcel", "billing"]
    assert table["recall"].tolist() == [1.0, 0.5, 1.0]
    assert table["low"][1] < 0.5 < table["high"][1]
    assert sentence(table).startswith("Rarest label greeting (9 training rows): recall 1.000 (")


def test_where_training_rows_were_not_counted_by_label_development_rows_decide(task: Task) -> None:
    table = recall_by_label(task, trained(by="channel"))
    assert table["label"].tolist() == ["parcel", "greeting", "billing"]
    assert table["training_rows"].isna().all()
    assert (
        sentence(table)
        == f"Rarest label parcel: recall 0.500 ({table['low'][0]:.3f} to {table['high'][0]:.3f}, n=2)."
    )


def test_a_label_that_no_training_row_has_is_the_rarest(task: Task) -> None:
    train = trained()
    counts = train.tables["labels"].query("label != 'billing'")
    train = train.model_copy(update={"tables": {**train.tables, "labels": counts}})
    assert recall_by_label(task, train).iloc[0][["label", "training_rows"]].tolist() == ["billing", 0.0]


@pytest.mark.parametrize(
    "train", [None, TrainResult(headline="", rows=1, tables={"predictions": pd.DataFrame()})]
)
def test_without_predictions_there_is_nothing_to_show(task: Task, train: TrainResult | None) -> None:
    assert sentence(recall_by_label(task, train)) == ""
