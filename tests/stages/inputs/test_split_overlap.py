"""Development, seed, pool and test are compared before anything is measured: one file, the same rows, near copies."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.stages.conftest import Do, state
from tests.stages.tiny_task import read_rows, write_rows, write_tiny
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.stages.inputs import sources, split_overlap

FILES = {"test": "test.csv", "development": "dev.csv", "seed": "seed.csv", "pool": "pool.csv"}
PAIRS = [
    ("test", "development"),
    ("test", "seed"),
    ("test", "pool"),
    ("development", "seed"),
    ("development", "pool"),
]


def with_data(folder: Path, **changed: str) -> Task:
    path = write_tiny(folder)
    text = path.read_text(encoding="utf-8")
    for kind, name in changed.items():
        text = text.replace(f"{kind}: {FILES[kind]}", f"{kind}: {name}")
    path.write_text(text, encoding="utf-8")
    return load_task(path)


def add_rows(task: Task, kind: str, texts: list[str], label: str = "greeting") -> None:
    file = task.path.parent / FILES[kind]
    write_rows(
        file, [*((row["text"], row["label"]) for row in read_rows(file)), *((text, label) for text in texts)]
    )


def first_rows(task: Task, kind: str, count: int) -> list[str]:
    return [row["text"] for row in read_rows(task.path.parent / FILES[kind])[:count]]


WAYS: dict[str, Callable[[Path, str], object]] = {
    "another path": lambda file, name: None,
    "symbolic link": lambda file, name: (file.parent / name).symlink_to(file),
    "hard link": lambda file, name: os.link(file, file.parent / name),
    "copy": lambda file, name: shutil.copy(file, file.parent / name),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_one_file_under_two_keys_is_refused_however_it_is_named(
    home: Path, one: str, other: str, way: str
) -> None:
    name = f"../{home.name}/{FILES[one]}" if way == "another path" else "again.csv"
    write_tiny(home)
    WAYS[way](home / FILES[one], name)
    task = with_data(home, **{other: name})
    with pytest.raises(UserError) as refused:
        split_overlap.refuse_overlap(task)
    said = str(refused.value)
    assert f"data.{one} (" in said
    assert f"data.{other} (" in said
    assert ("copies of one file" if way == "copy" else "the same file") in said
    assert "rows of its own" in said


def changed_form(text: str) -> str:
    return f"  {text.upper().replace(' ', '   ')}!"


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_rows_that_stand_in_two_files_are_named_with_the_key(home: Path, one: str, other: str) -> None:
    task = with_data(home)
    most = {"pool": 20}.get(other, 4)
    add_rows(task, other, [changed_form(text) for text in first_rows(task, one, most)])
    count = len(read_rows(home / FILES[other])) - most
    with pytest.raises(UserError) as refused:
        split_overlap.refuse_overlap(load_task(task.path))
    said = str(refused.value)
    for number in range(1, 4):
        mine, theirs = f"{FILES[one]} row {number}", f"{FILES[other]} row {count + number}"
        assert f"{mine} and {theirs}" in said or f"{theirs} and {mine}" in said
    assert {
        "pool": "promotion.max_pool_overlap",
        "seed": "set_aside",
        "development": "promotion.max_development",
    }[other] in said
    assert "task.yaml" in said


def test_a_share_that_the_task_declares_is_set_aside_and_told(home: Path) -> None:
    task = load_task(write_tiny(home, promotion={"max_set_aside": 0.05, "max_development_set_aside": 0.05}))
    before = len(sources.test_inputs(task)), len(sources.development_rows(task))
    add_rows(task, "seed", [changed_form(text) for text in first_rows(task, "test", 2)])
    add_rows(task, "seed", [changed_form(text) for text in first_rows(task, "development", 1)])
    task = load_task(task.path)
    split_overlap.refuse_overlap(task)
    assert (len(sources.test_inputs(task)), len(sources.development_rows(task))) == (
        before[0] - 2,
        before[1] - 1,
    )
    assert len(sources.unlock_test_set(task)) == len(sources.held_out_set(task).rows) == before[0] - 2
    test, development = split_overlap.overlap_warnings(task)[:2]
    assert (
        "2 test row(s) are seed rows too; they are set aside, never counted: test.csv row 1 and seed.csv"
        in test
    )
    assert "1 development row(s) are seed rows too" in development


def test_a_share_beyond_what_can_be_set_aside_says_so(home: Path) -> None:
    task = with_data(home)
    add_rows(task, "seed", first_rows(task, "test", 30))
    with pytest.raises(UserError, match=r"and 20 more\. Remove them .* could set aside 5 % at most"):
        split_overlap.refuse_overlap(load_task(task.path))


def test_a_near_copy_stays_and_is_told_with_both_rows(home: Path) -> None:
    task = with_data(home)
    add_rows(task, "development", ["my courier lost the blue parcel near the old station yesterday evening"])
    add_rows(task, "test", ["my courier lost the blue parcle near the old station yesterday evening"])
    task = load_task(task.path)
    split_overlap.refuse_overlap(task)
    rows = len(read_rows(home / "dev.csv")), len(read_rows(home / "test.csv"))
    (near,) = [
        line
        for line in split_overlap.overlap_warnings(task)
        if "development row(s) are near copies of test rows" in line
    ]
    assert f"dev.csv row {rows[0]} and test.csv row {rows[1]} ('my courier lost" in near


@pytest.mark.parametrize("stage", ["probe", "generate", "gate", "train", "evaluate"])
def test_no_stage_begins_over_files_that_are_one(home: Path, do: Do, stage: str) -> None:
    task = with_data(home, development="test.csv")
    with pytest.raises(UserError, match="are the same file"):
        do(stage, task)
    assert state(task) == (0, 0)
