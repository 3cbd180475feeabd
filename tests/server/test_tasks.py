"""The server finds a task by its name: that of the record, else a built-in example, never another of the same name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.stages.tiny_task import write_tiny
from veritrain_lib.core import project
from veritrain_lib.core.task import Task
from veritrain_lib.server import tasks
from veritrain_lib.server.http.problems import Conflict, WrongField
from veritrain_lib.stages.inputs.tasks import find_task, remember
from veritrain_lib.tracking import runs, store


@pytest.fixture
def task(home: Path) -> Task:
    return find_task(str(write_tiny(home / "task")))


def test_a_task_of_the_record_is_found_until_its_file_or_experiment_is_gone(task: Task) -> None:
    found = tasks.find_task("tiny")
    assert found is not None
    assert found.path == task.path
    assert tasks.find_task("tiny") is found, "read once"
    later = task.path.stat().st_mtime + 5
    os.utime(task.path, (later, later))
    assert tasks.find_task("tiny") is not found, "the file changed"
    run = runs.get(runs.open_run(task, "round 1", kind="round"))
    assert tasks.task_of_run(run).path == task.path
    task.path.unlink()
    assert tasks.find_task("tiny") is None
    with pytest.raises(Conflict, match="'tiny' can't be read any more"):
        tasks.task_of_run(run)
    write_tiny(task.path.parent)
    assert tasks.find_task("tiny") is not None
    store.client().delete_experiment(store.experiment(task).experiment_id)
    assert tasks.find_task("tiny") is None


def test_an_example_is_found_unless_the_record_has_a_task_of_its_name(home: Path) -> None:
    name = project.EXAMPLES[0]
    example = tasks.find_task(name)
    assert example is not None
    assert example.path == project.example_task(name)
    mine = remember(find_task(str(write_tiny(home / "task", name=name))))
    found = tasks.find_task(name)
    assert found is not None
    assert found.path == mine.path
    mine.path.unlink()
    assert tasks.find_task(name) is None, "the example is another task"


def test_what_is_no_task_is_refused_with_the_names_that_are(task: Task) -> None:
    for name in ("", "nothing", "a\0b", "../task", str(task.path)):
        assert tasks.find_task(name) is None
        with pytest.raises(WrongField, match=r"there are: .*tiny"):
            tasks.require_task(name)
