"""How far two people agree on contradicted rows is Cohen's kappa, over all labels and for each one."""

from __future__ import annotations

from typing import Any, cast

import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from veritrain_lib.core.task import Task
from veritrain_lib.stages.gate.result import GateResult
from veritrain_lib.stages.gate.second_answers import COLUMNS
from veritrain_lib.stages.report.annotator_agreement import ALL_LABELS, agreement_by_label, sentence


def gate(*rows: tuple[str, str, str]) -> GateResult:
    """The result of a gate, of which only the table of answers matters."""
    table = pd.DataFrame([(*row, "", "") for row in rows], columns=list(COLUMNS))
    return cast(Any, GateResult).model_construct(tables={"second_answers": table})


def test_kappa_is_that_of_scikit_learn_over_all_labels_and_for_one(task: Task) -> None:
    one, two, three = task.labels[:3]
    first, second = [one, one, two, two, three, one], [one, two, two, two, one, one]
    earlier = gate(("row 0", one, ""), ("unanswered", one, ""))
    newest = gate(*[(f"row {n}", *pair) for n, pair in enumerate(zip(first, second, strict=True))])
    table = agreement_by_label(task, [earlier, None, newest]).set_index("label")
    assert table.loc[ALL_LABELS, "n"] == 6
    assert table.loc[ALL_LABELS, "agreed"] == 4
    assert table.loc[ALL_LABELS, "kappa"] == pytest.approx(cohen_kappa_score(first, second))
    by_two = [[answer == two for answer in answers] for answers in (first, second)]
    assert table.loc[two, "kappa"] == pytest.approx(cohen_kappa_score(*by_two))
    assert table.loc[two, ["n", "agreed"]].tolist() == [3, 2]
    assert "4 of 6 row(s)" in sentence(table.reset_index())


def test_without_second_answers_nothing_is_said(task: Task) -> None:
    table = agreement_by_label(task, [gate(("row", task.labels[0], "")), None])
    assert not len(table)
    assert sentence(table) == ""
