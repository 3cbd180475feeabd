from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
import pytest

from tests.stages.done_before import DoneBefore
from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.records import Candidate, Response
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.record.stage_run import StageRun, prepare
from veritrain_lib.tracking import looks, runs


class Told:
    """A model that gives the answers it was told, by id; None is a row that it fails on."""

    def __init__(self, uri: str, answers: dict[str, str | None]) -> None:
        self.uri = uri
        self.asked = 0
        self._answers = answers

    def answer(self, rows: pd.DataFrame) -> list[Response]:
        self.asked += len(rows)
        return [self._response(self._answers[one]) for one in rows["id"]]

    def _response(self, label: str | None) -> Response:
        if label is None:
            return Response((), raw="", error="timed out")
        raw = f'{{"label": "{label}", "candidates": [], "explanation": "told"}}'
        return Response((Candidate(label, 0.9), Candidate("other", 0.1)), raw=raw, explanation="told")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def task(tiny: Path) -> Task:
    return load_task(tiny)


@pytest.fixture
def development(task: Task) -> pd.DataFrame:
    return sources.development_rows(task)


@pytest.fixture
def held_out(task: Task) -> pd.DataFrame:
    return sources.unlock_test_set(task)


@pytest.fixture
def told(task: Task, development: pd.DataFrame, held_out: pd.DataFrame) -> Callable[..., Told]:
    """Makes a model that is wrong on the rows at these places of the development and of the held-out test set."""

    def make(
        uri: str, *, wrong_dev: range | list[int] = range(0), wrong_test: range | list[int] = range(0)
    ) -> Told:
        answers: dict[str, str | None] = {}
        for rows, wrong in ((development, wrong_dev), (held_out, wrong_test)):
            for place, (name, label) in enumerate(zip(rows["id"], rows["label"], strict=True)):
                other = task.labels[(task.labels.index(label) + 1) % len(task.labels)]
                answers[name] = other if place in wrong else label
        return Told(uri, answers)

    return make


class Do(Protocol):
    """Does a stage as a person at a notebook would who asks for what is missing: prepare, run, close."""

    def __call__(self, stage: str, task: Task, **parameters: Any) -> StageRun: ...


@pytest.fixture
def do(home: Path) -> Do:
    def stage_of(stage: str, task: Task, **parameters: Any) -> StageRun:
        stood = prepare(stage, {"task": str(task.path), "run_upstream": True, **parameters})
        stood.run()
        stood.finish()
        return stood

    return stage_of


@pytest.fixture(scope="session")
def done_before(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> DoneBefore:
    return DoneBefore(empty_store, tmp_path_factory.mktemp("done"))


@pytest.fixture
def gated(home: Path, done_before: DoneBefore) -> Task:
    """A project with one batch of 15 rows, tiny@3, and the seed model."""
    return done_before.copy("gated", home)


@pytest.fixture
def two_models(home: Path, done_before: DoneBefore) -> Task:
    """A project with version 1 from the seed rows, and version 2 with 15 pool rows more."""
    return done_before.copy("two models", home)


@pytest.fixture
def compared(home: Path, done_before: DoneBefore) -> Task:
    """A project in which version 2 was compared with version 1."""
    return done_before.copy("compared", home)


def reread(task: Task) -> Task:
    """The task after its files were edited."""
    return load_task(task.path)


def state(task: Task) -> tuple[int, int]:
    """How many runs and how many looks the record holds."""
    return len(runs.search(task)), len(looks.list_looks(sources.held_out_set(task)))
