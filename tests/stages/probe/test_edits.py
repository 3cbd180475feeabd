"""A probe on rows that a cell chose: it is measured on these alone, and says nothing about the task's own rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.record.stage_run import StageRun, prepare
from veritrain_lib.stages.record.start_stage import start_stage
from veritrain_lib.tracking import runs
from veritrain_lib.ui.compare import compare

GIVEN = {"rows": 12, "extra_rows": 0, "run_upstream": True}


@pytest.fixture
def task(home: Path) -> Task:
    return load_task(write_tiny(home / "task"))


def probe(task: Task, **parameters: Any) -> StageRun:
    return start_stage("probe", {"task": str(task.path), "In": [], **GIVEN, **parameters})


def probe_of_version(task: Task) -> str:
    """The run of the probe that the model's version names."""
    return str(MlflowClient().get_model_version(task.name, "1").tags["veritrain.probe.run"])


def test_all_development_rows_are_the_loops_own_work_and_filtered_ones_are_not(task: Task) -> None:
    stage = probe(task)
    own = stage.run(development=stage.development)
    stage.finish()
    assert probe_of_version(task) == stage.run_id
    assert stage.digest == prepare("probe", {"task": str(task.path), **GIVEN}, inner=True).digest
    card = compare(str(task.path)).models

    other = probe(task)
    rows = other.development
    greetings = rows[rows["label"] == "greeting"]
    result = other.run(development=greetings)
    other.finish()
    assert set(result.tables["evidence"]["label"]) == {"greeting"}
    assert set(own.tables["evidence"]["label"]) > {"greeting"}
    changed = f"development: {len(rows)} -> {len(greetings)} ({len(rows) - len(greetings)} removed)"
    assert runs.get(other.run_id).data.tags["veritrain.edited"] == changed
    assert own.measures["accuracy"] != result.measures["accuracy"]
    assert probe_of_version(task) == stage.run_id, "the version keeps its own probe"
    assert compare(str(task.path)).models.equals(card), "and so does the card beside other models"


def test_a_corrected_text_is_asked_as_it_was_corrected(task: Task) -> None:
    stage = probe(task)
    rows = stage.development.head(3)
    rows.loc[rows.index[0], "text"] = "where is my courier"
    evidence = stage.run(development=rows).tables["evidence"]
    assert "where is my courier" in evidence["text"].tolist()
    assert len(evidence) == 3
    assert not set(evidence["id"]) >= set(rows["id"]), "another text has another id"
    assert sources.development_rows(task).equals(stage.development), "the task's own rows are as they were"


def test_rows_that_cannot_be_measured_are_refused_before_a_model_answers(task: Task) -> None:
    stage = probe(task)
    rows = stage.development
    with pytest.raises(UserError, match="keep at least one development row"):
        stage.run(development=rows.head(0))
    with pytest.raises(UserError, match="none of the labels of task tiny: weather; allowed: billing"):
        stage.run(development=rows.assign(label="weather"))
    with pytest.raises(UserError, match="needed are: "):
        stage.run(development=rows[["text"]])
    assert runs.search(task, "tags.`veritrain.stage` = 'probe'") == []
