"""What a stage offers to look at before it runs: completion shows it, and another stage's name is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.stages import NAMES
from veritrain_lib.stages.base import spec_of
from veritrain_lib.stages.record.offered import Offered
from veritrain_lib.stages.record.stage_run import prepare


@pytest.fixture
def task(home: Path) -> Task:
    return load_task(write_tiny(home / "task"))


def test_completion_shows_what_this_stage_offers_and_nothing_else(task: Task) -> None:
    gate = prepare("gate", {"task": str(task.path), "dataset": "seed"}, inner=True)
    assert {"rows", "suite", "run", "finish", "digest"} <= set(dir(gate))
    assert not {"plan", "trainer", "looks", "development"} & set(dir(gate))


def test_a_name_of_another_stage_is_refused_with_what_there_is(task: Task) -> None:
    gate = prepare("gate", {"task": str(task.path), "dataset": "seed"}, inner=True)
    with pytest.raises(AttributeError, match="stage gate has no plan; it offers: rows, suite"):
        gate.plan  # noqa: B018
    with pytest.raises(AttributeError, match="row_s"):
        gate.row_s  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize("stage", NAMES)
def test_what_a_cell_may_change_has_an_attribute_in_the_notebook(stage: str) -> None:
    for name in spec_of(stage).EDITABLE:
        assert isinstance(getattr(Offered, name, None), property), name
