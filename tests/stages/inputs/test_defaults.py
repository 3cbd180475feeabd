"""Every stage runs as it stands on an empty record, and shows what it did when it is run again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stages.conftest import Do, state
from tests.stages.tiny_task import write_suite, write_tiny
from veritrain_lib.core.errors import Refused
from veritrain_lib.core.task import load_task
from veritrain_lib.stages import NAMES
from veritrain_lib.tracking import datasets, models, runs

BEFORE = {
    "probe": ["gate", "train", "probe"],
    "generate": ["gate", "train", "generate"],
    "gate": ["gate", "train", "generate", "gate"],
    "train": ["gate", "train"],
    "evaluate": ["gate", "train", "generate", "gate", "train", "evaluate"],
    "report": ["gate", "train", "generate", "gate", "train", "evaluate", "report"],
}
"""The stages that an empty record makes a stage do first, in order."""


@pytest.mark.parametrize("stage", NAMES)
def test_a_stage_on_an_empty_record_makes_what_it_stands_on_and_again_does_nothing(
    stage: str, home: Path, do: Do
) -> None:
    task = load_task(write_tiny(home / "task"))
    first = do(stage, task)
    done = runs.search(task, newest_first=False)
    assert [run.data.tags["veritrain.stage"] for run in done] == BEFORE[stage]
    assert {run.info.status for run in done} == {"FINISHED"}
    assert first.run_id == done[-1].info.run_id
    before = state(task)
    again = do(stage, task)
    assert (again.stored, again.run_id) == (True, first.run_id)
    assert state(task) == before
    assert again.run().model_dump() == first.run().model_dump()
    assert "nothing was done twice" in again.finish()


def test_seed_rows_that_the_gate_blocks_stop_whatever_stands_on_them(home: Path, do: Do) -> None:
    task = load_task(write_tiny(home / "task", budget={"rows_per_round": 22}))
    write_suite(home / "task" / "suite.json", mostly=0.5, minimum_rows=22)
    with pytest.raises(Refused, match=r"gate blocked the seed rows.*Correct the seed file, or the suite"):
        do("train", task)
    blocked = datasets.latest(task)
    assert blocked is not None
    assert blocked.status == "blocked"
    assert models.listing(task) == []


def test_the_first_model_is_champion_and_challenger(home: Path, do: Do) -> None:
    task = load_task(write_tiny(home / "task"))
    do("train", task)
    for alias in (models.CHAMPION, models.CHALLENGER):
        found = models.by_alias(task, alias)
        assert found is not None
        assert found.version == 1
