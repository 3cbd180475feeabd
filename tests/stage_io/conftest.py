from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import pytest

from veritrain_lib.core.task import Task, load_task
from veritrain_lib.stage_io import sources
from veritrain_lib.stage_io.stage import StageRun, prepare
from veritrain_lib.tracking import looks, runs


class Do(Protocol):
    """Does a stage as a person at a notebook would: prepare, run, close."""

    def __call__(self, stage: str, task: Task, **parameters: Any) -> StageRun: ...


@pytest.fixture
def do(home: Path) -> Do:
    def stage_of(stage: str, task: Task, **parameters: Any) -> StageRun:
        stood = prepare(stage, {"task": str(task.path), **parameters})
        stood.run()
        stood.finish()
        return stood

    return stage_of


def reread(task: Task) -> Task:
    """The task after its files were edited."""
    return load_task(task.path)


def state(task: Task) -> tuple[int, int]:
    """How many runs and how many looks the record holds."""
    return len(runs.search(task)), len(looks.list_looks(sources.held_out_set(task)))
