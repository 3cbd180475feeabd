"""On an empty record a stage says what is missing; when asked to, it makes that and then shows it when run again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stages.conftest import Do, state
from tests.stages.tiny_task import write_suite, write_tiny
from veritrain_lib.core.errors import Refused, UserError
from veritrain_lib.core.task import load_task
from veritrain_lib.stages import NAMES
from veritrain_lib.stages.record.start_stage import start_stage
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


MISSING = {
    "probe": ("no model", "veritrain gate tiny --dataset seed (03_gate.ipynb); then veritrain train tiny"),
    "generate": ("no dataset that passed the gate", "veritrain gate tiny --dataset seed (03_gate.ipynb)"),
    "gate": ("no draft dataset", "veritrain generate tiny (02_generate.ipynb)"),
    "train": ("no dataset that passed the gate", "veritrain gate tiny --dataset seed (03_gate.ipynb)"),
    "evaluate": ("no model", "veritrain gate tiny --dataset seed (03_gate.ipynb); then veritrain train tiny"),
    "report": ("no round and no evaluation", "veritrain evaluate tiny (05_evaluate.ipynb)"),
}
"""What each stage says of an empty record: what is missing, and what makes it."""


@pytest.mark.parametrize("stage", NAMES)
def test_a_stage_that_is_not_asked_to_run_others_says_what_is_missing_and_does_nothing(
    stage: str, home: Path
) -> None:
    task = load_task(write_tiny(home / "task"))
    with pytest.raises(UserError) as said:
        start_stage(stage, {"task": str(task.path), "In": []})
    what, command = MISSING[stage]
    assert f"{stage}: task tiny has {what}" in str(said.value)
    assert f"Make it by: {command}" in str(said.value)
    assert f"veritrain {stage} tiny --run-upstream" in str(said.value)
    assert runs.search(task) == []
    assert models.listing(task) == []


def test_an_evaluation_of_the_only_model_names_the_three_stages_that_make_a_challenger(
    home: Path, do: Do
) -> None:
    task = load_task(write_tiny(home / "task"))
    do("train", task)
    before = state(task)
    with pytest.raises(
        UserError, match=r"no challenger to compare with models:/tiny/1.*generate.*gate.*train"
    ):
        do("evaluate", task, run_upstream=False)
    assert state(task) == before


def test_what_is_missing_still_after_it_was_run_is_refused_with_the_reason(home: Path, do: Do) -> None:
    task = load_task(write_tiny(home / "task", budget={"rows_per_round": 500}))
    do("train", task)
    # The pool has not so many rows: the gate blocks the draft, and there is nothing new to train on.
    write_suite(home / "task" / "suite.json", mostly=0.5, minimum_rows=500)
    with pytest.raises(Refused, match=r"still has no challenger.*after generate, gate, train ran: blocked"):
        do("evaluate", load_task(task.path))


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
