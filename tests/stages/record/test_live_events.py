"""What stages tell who watches their round and their data while they are done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.stages.in_process import InProcess
from tests.stages.tiny_task import write_tiny
from veritrain_lib.core import registry
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.loop.round_run import RoundRun
from veritrain_lib.tracking import event_log, runs
from veritrain_lib.trainers.tfidf_svc import TfidfSvc


class Stepping(TfidfSvc):
    """A trainer that tells of two steps."""

    name = "stepping"

    def __init__(self, **parameters: Any) -> None:
        super().__init__(**parameters)
        self.on_step: Any = None

    def train(self, task: Task, rows: pd.DataFrame, *, seed: int) -> Any:
        self.on_step(1, {"training_loss": 2.0, "epoch": 0.5, "steps": 2.0, "seconds_left": 3.0})
        self.on_step(2, {"training_loss": float("nan"), "epoch": 1.0, "steps": 2.0, "gpu_percent": 50.0})
        return super().train(task, rows, seed=seed)


@pytest.fixture
def lines(home: Path) -> list[event_log.LoggedEvent]:
    """The events of a round that gated the seed rows and trained on them."""
    registry.register("trainers", "stepping", Stepping)
    task = load_task(write_tiny(home / "task", trainer={"name": "stepping"}))
    loop = runs.open_run(task, "loop", kind="loop")
    with RoundRun(task, loop, 0, InProcess(), lambda event: None) as here:
        here.stage("gate", dataset="seed", seed=0)
        here.stage("train", dataset="tiny@1", seed=0)
    self_told = event_log.read(runs.get(here.run_id).data.tags["veritrain.run.gate"])
    assert [line.data["quality_gate"]["result"] for line in self_told] == ["passed"], (
        "seed rows have no draft"
    )
    return event_log.read(here.run_id)


def test_steps_of_a_training_are_progress_of_the_round(lines: list[event_log.LoggedEvent]) -> None:
    steps = [line.data for line in lines if "step" in line.data]
    assert [(one["step"], one["loss"], one["epoch"], one["steps"]) for one in steps] == [
        (1, 2.0, 0.5, 2.0), (2, None, 1.0, 2.0),
    ]  # fmt: skip
    assert (steps[0]["eta"], steps[1]["gpu"]) == (3.0, 50.0)
    assert {line.kind for line in lines if "step" in line.data} == {"progress"}


def test_every_stage_of_a_round_begins_moves_on_and_ends(lines: list[event_log.LoggedEvent]) -> None:
    told = [(line.data.get("stage"), line.data.get("event")) for line in lines if "step" not in line.data]
    assert told == [
        (None, None),
        *[(stage, event) for stage in ("gate", "train") for event in ("begin", "cell", "done")],
        (None, None),
    ]
    assert [line.seq for line in lines] == list(range(1, len(lines) + 1))
    assert (lines[0].data["status"], lines[-1].data["status"]) == ("running", "completed")
