"""The comparison: development rows steer, the held-out test set is opened only when it may be, and decides."""

from __future__ import annotations

from collections.abc import Callable
from math import comb
from typing import Any

import pandas as pd
import pytest

from tests.stages.conftest import Told
from veritrain_lib.core.task import Task
from veritrain_lib.stages.evaluate import run as evaluate
from veritrain_lib.stages.evaluate.result import EvaluateResult

LOOK = (1, 0.0125)


@pytest.fixture
def compare(task: Task, development: pd.DataFrame, held_out: pd.DataFrame) -> Callable[..., EvaluateResult]:
    def run(champion: Told, challenger: Told, **changed: Any) -> EvaluateResult:
        opened: list[int] = []

        def unlock_test_set() -> pd.DataFrame:
            opened.append(1)
            assert len(opened) == 1, "opened twice"
            return held_out

        given: dict[str, Any] = {
            "n_test": len(held_out),
            "look": LOOK,
            "unlock_test_set": unlock_test_set,
            **changed,
        }
        config = evaluate.EvaluateConfig(purpose=given.pop("purpose", "promotion"))
        return evaluate.run(config, task, champion, challenger, development, **given)

    return run


def stays_closed() -> pd.DataFrame:
    raise AssertionError("the held-out test set was opened")


def test_a_model_that_is_better_beyond_doubt_is_promoted_by_the_exact_test(
    compare: Callable[..., EvaluateResult], told: Callable[..., Told]
) -> None:
    champion = told("m:old", wrong_dev=range(12), wrong_test=range(20))
    challenger = told("m:new", wrong_dev=range(1), wrong_test=range(18, 22))
    found = compare(champion, challenger)
    assert found.held_out is not None
    assert (found.verdict, found.promote, found.looks_spent) == ("better", True, False)
    # Of the 20 discordant rows 18 are won and 2 lost: a one-sided sign test.
    assert found.held_out.p == pytest.approx(sum(comb(20, k) for k in range(18, 21)) / 2**20)
    assert (found.held_out.champion, found.held_out.challenger) == pytest.approx((40 / 60, 56 / 60))
    assert found.held_out.difference == pytest.approx(16 / 60)
    assert (found.held_out.look, found.held_out.look_alpha, found.held_out.n) == (1, 0.0125, 60)
    assert found.held_out.level == pytest.approx(1 - 2 * 0.0125)
    assert found.development_gain == pytest.approx(11 / 30)
    assert found.measures["held_out_gain"].value == pytest.approx(16 / 60)


def test_identical_answers_are_no_gain_and_open_nothing(
    compare: Callable[..., EvaluateResult], told: Callable[..., Told]
) -> None:
    found = compare(
        told("m:old", wrong_dev=range(5)), told("m:new", wrong_dev=range(5)), unlock_test_set=stays_closed
    )
    assert (found.verdict, found.promote, found.held_out) == ("not better", False, None)
    assert found.development_gain == 0
    assert "held_out_slices" not in found.tables
    assert not any(name.startswith("held_out") for name in found.measures)


def test_a_gain_that_the_held_out_set_could_not_show_does_not_open_it(
    compare: Callable[..., EvaluateResult], told: Callable[..., Told]
) -> None:
    champion, challenger = told("m:old", wrong_dev=range(5)), told("m:new", wrong_dev=range(4))
    found = compare(champion, challenger, unlock_test_set=stays_closed)
    assert (found.verdict, found.promote, found.held_out) == ("inconclusive", False, None)
    assert found.why == found.screen
    assert (champion.asked, challenger.asked) == (30, 30), "held-out rows are not even answered"


def test_the_final_comparison_asks_no_screen(
    compare: Callable[..., EvaluateResult], told: Callable[..., Told]
) -> None:
    champion, challenger = told("m:old", wrong_dev=range(5)), told("m:new", wrong_dev=range(4))
    found = compare(champion, challenger, purpose="final")
    assert found.held_out is not None
    assert found.held_out.difference == 0


@pytest.mark.parametrize("purpose", ["promotion", "final"])
def test_without_a_look_the_set_stays_closed_whatever_the_gain(
    compare: Callable[..., EvaluateResult], told: Callable[..., Told], purpose: str
) -> None:
    champion = told("m:old", wrong_dev=range(20), wrong_test=range(40))
    found = compare(champion, told("m:new"), look=None, purpose=purpose, unlock_test_set=stays_closed)
    assert (found.looks_spent, found.promote, found.held_out) == (True, False, None)
    assert "looks that the task declares are spent" in found.why


def test_a_slice_that_got_worse_forbids_the_promotion(
    compare: Callable[..., EvaluateResult], told: Callable[..., Told]
) -> None:
    # Rows 0-19 of the held-out test set are billing, 40-59 parcel: everything is won but parcel, which is lost.
    champion = told("m:old", wrong_dev=range(20), wrong_test=range(40))
    challenger = told("m:new", wrong_dev=[], wrong_test=range(47, 60))
    found = compare(champion, challenger)
    assert found.held_out is not None
    assert found.held_out.p < LOOK[1]
    assert (found.verdict, found.promote) == ("better", False)
    slices = found.tables["held_out_slices"].set_index("name")
    assert slices.loc["label=parcel", "verdict"] == "worse"
    assert slices.loc["label=parcel", "difference"] == pytest.approx(-13 / 20)
    assert "worse in label=parcel" in found.why


def test_a_loss_on_the_held_out_set_is_not_better_even_when_development_gained(
    compare: Callable[..., EvaluateResult], told: Callable[..., Told]
) -> None:
    champion = told("m:old", wrong_dev=range(15))
    challenger = told("m:new", wrong_test=range(15))
    found = compare(champion, challenger)
    assert found.held_out is not None
    assert (found.verdict, found.promote) == ("not better", False)


def test_tables_say_who_was_right_on_which_row(
    compare: Callable[..., EvaluateResult], told: Callable[..., Told], development: pd.DataFrame
) -> None:
    champion, challenger = told("m:old", wrong_dev=[0, 1]), told("m:new", wrong_dev=[1, 2, 12])
    found = compare(champion, challenger, unlock_test_set=stays_closed)
    rows = found.tables["predictions"]
    assert rows["expected"].tolist() == development["label"].tolist()
    assert rows.index[~rows["champion_correct"]].tolist() == [0, 1]
    assert rows.index[~rows["challenger_correct"]].tolist() == [1, 2, 12]
    assert found.tables["confusions"].to_numpy().tolist() == [
        ["billing", "greeting", 2],
        ["greeting", "parcel", 1],
    ]
    line = found.tables["metrics"].iloc[0]
    assert (line["champion"], line["challenger"]) == pytest.approx((28 / 30, 27 / 30))
    assert line["difference"] == pytest.approx(-1 / 30)
    assert line["low"] <= line["difference"] <= line["high"]
    slices = found.tables["slices"].set_index("name")
    assert slices["n"].to_dict() == {"label=billing": 10, "label=greeting": 10, "label=parcel": 10}
    assert found.picture().axes
    assert found.confused().axes


def test_a_failed_row_stays_in_the_denominator(
    compare: Callable[..., EvaluateResult], told: Callable[..., Told], development: pd.DataFrame
) -> None:
    challenger = told("m:new")
    for name in development["id"][:3]:
        challenger._answers[name] = None
    found = compare(told("m:old"), challenger, unlock_test_set=stays_closed)
    assert found.measures["accuracy"].value == pytest.approx(27 / 30)
    assert found.tables["confusions"]["answered"].tolist() == ["(none)"]


def test_a_metric_of_the_whole_set_decides_by_its_own_value(
    tiny: Any, told: Callable[..., Told], development: pd.DataFrame, held_out: pd.DataFrame, tmp_path: Any
) -> None:
    from sklearn.metrics import f1_score

    from tests.stages.tiny_task import write_tiny
    from veritrain_lib.core.task import load_task

    task = load_task(write_tiny(tmp_path, metrics=[{"name": "macro_f1"}, {"name": "accuracy"}]))
    champion = told("m:old", wrong_dev=range(12), wrong_test=range(25))
    found = evaluate.run(
        evaluate.EvaluateConfig(),
        task,
        champion,
        told("m:new", wrong_test=[1]),
        development,
        n_test=60,
        look=LOOK,
        unlock_test_set=lambda: held_out,
    )
    said = [response.best for response in champion.answer(held_out)]
    assert found.held_out is not None
    assert found.held_out.champion == pytest.approx(f1_score(held_out["label"], said, average="macro"))
    assert found.verdict == "better"
