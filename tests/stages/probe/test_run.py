"""The probe counts what a model gave; a row that it failed on holds nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

from tests.stages.conftest import Told
from veritrain_lib.core.task import Task
from veritrain_lib.stages.probe import run as probe


def agresti_coull(held: int, n: int) -> tuple[float, float]:
    """A. Agresti and B. A. Coull (1998), The American Statistician 52:119-126, at z = 1.959964."""
    z = 1.959964
    rows, share = n + z * z, (held + z * z / 2) / (n + z * z)
    half = z * (share * (1 - share) / rows) ** 0.5
    return share - half, min(1.0, share + half)


def test_rates_and_intervals_are_those_of_the_answers(
    task: Task, development: pd.DataFrame, told: Callable[..., Told]
) -> None:
    model = told("models:/tiny/1", wrong_dev=range(6))
    for name in development["id"][6:10]:
        model._answers[name] = None
    found = probe.run(probe.ProbeConfig(), task, model, development)
    for name, held in (
        ("several_candidates", 26),
        ("explanation", 26),
        ("output_contract", 26),
        ("accuracy", 20),
    ):
        measure = found.measures[name]
        assert (measure.value, measure.n) == (pytest.approx(held / 30), 30)
        assert (measure.low, measure.high) == pytest.approx(agresti_coull(held, 30), abs=1e-5)
    evidence = found.tables["evidence"]
    failed = evidence[evidence["error"] == "timed out"]
    assert len(failed) == 4
    assert not failed[["several_candidates", "explanation", "output_contract", "correct"]].any().any()
    assert found.headline.startswith("models:/tiny/1 on 30 development rows: several candidates 87%")


def test_wrong_answers_are_counted_by_pair_and_by_expected_answer(
    task: Task, development: pd.DataFrame, told: Callable[..., Told]
) -> None:
    found = probe.run(probe.ProbeConfig(), task, told("m:1", wrong_dev=[0, 1, 2, 10]), development)
    assert found.tables["confusions"].to_numpy().tolist() == [
        ["billing", "greeting", 3],
        ["greeting", "parcel", 1],
    ]
    errors: dict[str, Any] = found.tables["errors"].set_index("slice")["error"].to_dict()
    assert errors == {"billing": pytest.approx(0.3), "greeting": pytest.approx(0.1), "parcel": 0.0}


def test_the_sample_is_the_seeds_and_never_larger_than_the_set(
    task: Task, development: pd.DataFrame, told: Callable[..., Told]
) -> None:
    model = told("m:1")
    drawn = [
        probe.run(probe.ProbeConfig(rows=8, extra_rows=0, seed=seed), task, model, development)
        .tables["evidence"]["id"]
        .tolist()
        for seed in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(set(drawn[0])) == 8
    assert model.asked == 24, "only the sample is asked"
    with pytest.raises(ValidationError):
        probe.ProbeConfig(rows=0)


def test_a_model_without_mistakes_has_no_confusions_and_a_picture(
    task: Task, development: pd.DataFrame, told: Callable[..., Told]
) -> None:
    found = probe.run(probe.ProbeConfig(), task, told("m:1"), development)
    assert len(found.tables["confusions"]) == 0
    assert found.measures["accuracy"].value == 1.0
    assert found.picture().axes
