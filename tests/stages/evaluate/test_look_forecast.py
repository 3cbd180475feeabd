"""What a look costs and can show is told before it is taken, without counting one and without reading a held-out row."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.stages.conftest import state
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import Task
from veritrain_lib.stages.evaluate.result import EvaluateResult
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.record.stage_run import StageRun, prepare
from veritrain_lib.statistics.detectable import detectable_gain


@pytest.fixture
def task(two_models: Task) -> Task:
    return two_models


def evaluation(task: Task, **parameters: str) -> StageRun:
    return prepare("evaluate", {"task": str(task.path), **parameters})


def test_it_is_told_before_a_look_is_counted_or_a_held_out_row_is_read(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(asked: Task) -> pd.DataFrame:
        raise AssertionError("the held-out test set was opened")

    monkeypatch.setattr(sources, "unlock_test_set", read)
    before = state(task)
    looks = evaluation(task).looks
    assert (looks.test_rows, looks.development_rows) == (60, 30)
    assert (looks.allowed, looks.spent, looks.left, looks.look) == (3, 0, 3, 1)
    assert looks.level == pytest.approx(0.05 / 4)
    assert "look 1, if the development rows open the test set" in repr(looks)
    assert "Looks at the held-out test set" in looks._repr_html_()
    assert state(task) == before


def test_the_level_is_the_one_that_the_look_then_has_and_the_look_is_counted_once(task: Task) -> None:
    stage = evaluation(task)
    told = stage.looks
    result = stage.run()
    stage.finish()
    assert isinstance(result, EvaluateResult)
    assert result.held_out is not None
    assert (result.held_out.look, result.held_out.look_alpha) == (told.look, told.level)
    again = evaluation(task, champion=result.champion, challenger=result.challenger).looks
    assert (again.spent, again.left, again.look, again.is_counted) == (1, 2, 1, True)
    assert "counted before: it costs none" in repr(again)


def test_the_final_comparison_may_use_the_last_look_and_has_no_screen(task: Task) -> None:
    looks = evaluation(task, purpose="final").looks
    assert (looks.allowed, looks.development_rows) == (4, 0)


def test_more_rows_show_a_smaller_gain_and_change_nothing_in_the_evaluation(task: Task) -> None:
    stage = evaluation(task)
    own = stage.digest
    looks = stage.looks
    larger = looks.with_rows(test=600)
    assert (larger.power()["gain"] < looks.power()["gain"]).all()
    assert larger.power()["gain"][2] == detectable_gain(30, 600, 0.1, looks.level)
    assert (stage.looks, stage.digest) == (looks, own)
    with pytest.raises(UserError, match="test is 0; allowed is a number of rows from 1"):
        looks.with_rows(test=0)


@pytest.mark.parametrize("name", ["looks", "development", "plan", "purpose"])
def test_no_cell_can_give_an_evaluation_another_plan_of_looks(task: Task, name: str) -> None:
    before = state(task)
    with pytest.raises(UserError, match=f"stage evaluate does not take {name}; .*: nothing"):
        evaluation(task).run(**{name: 99})
    assert state(task) == before
