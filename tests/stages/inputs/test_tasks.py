"""Which task is meant: a path, a name that the record knows, or the one that was worked on last."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.errors import UserError
from veritrain_lib.stages.inputs.tasks import find_task


def test_a_path_a_folder_and_then_its_name_mean_the_same_task(home: Path) -> None:
    file = write_tiny(home / "mine", "mine")
    found = [
        find_task(str(file)),
        find_task(str(file.parent)),
        find_task("mine"),
        find_task("mine/task.yaml"),
    ]
    assert {task.path for task in found} == {file.resolve()}


def test_nothing_means_the_last_one_and_first_of_all_the_example(home: Path) -> None:
    assert find_task().name == "support"
    find_task(str(write_tiny(home / "mine", "mine")))
    assert find_task().name == "mine"
    find_task("meetings")
    assert find_task().name == "meetings"
    find_task("support")
    assert find_task().name == "support"


def test_an_unknown_name_says_what_to_give(home: Path) -> None:
    with pytest.raises(UserError, match=r"no task is called 'nobody' here; give the path.*'support'"):
        find_task("nobody")
    file = write_tiny(home / "gone", "gone")
    find_task(str(file))
    shutil.rmtree(file.parent)
    with pytest.raises(UserError, match="no task is called 'gone' here"):
        find_task("gone")


def test_looking_at_the_task_in_hand_writes_nothing_and_coming_back_to_one_does(home: Path) -> None:
    first, second = (str(write_tiny(home / name, name)) for name in ("first", "second"))
    find_task(first)
    before = (home / "mlflow.db").read_bytes()
    for given in (first, "first", ""):
        assert find_task(given).name == "first"
    assert (home / "mlflow.db").read_bytes() == before
    find_task(second)
    find_task(first)
    assert find_task().name == "first"
    moved = (home / "first").rename(home / "moved")
    find_task(str(moved))
    assert find_task("first").path == moved / "task.yaml"
