from __future__ import annotations

import os
from pathlib import Path

from veritrain_lib.trainers.lora.work_directory import MAX_KEPT_FOLDERS, WorkDirectory, is_final


def checkpoint(work: WorkDirectory, step: int, *, whole: bool, last: bool = False) -> Path:
    folder = work.checkpoints / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    if whole:
        work.mark_complete(step, last=last)
    return folder


def test_a_training_goes_on_from_the_newest_whole_checkpoint(home: Path) -> None:
    work = WorkDirectory("a" * 64)
    checkpoint(work, 5, whole=True)
    newest = checkpoint(work, 100, whole=True)
    cut = checkpoint(work, 105, whole=False)
    assert work.latest_checkpoint() == newest
    assert not cut.exists(), "transformers would take it for the newest one"
    assert not is_final(newest)
    assert is_final(checkpoint(work, 110, whole=True, last=True))


def test_without_a_whole_checkpoint_there_is_none(home: Path) -> None:
    work = WorkDirectory("a" * 64)
    assert work.latest_checkpoint() is None
    checkpoint(work, 5, whole=False)
    assert work.latest_checkpoint() is None


def test_a_finished_adapter_takes_the_place_of_the_checkpoints(home: Path) -> None:
    work = WorkDirectory("a" * 64)
    checkpoint(work, 5, whole=True)
    made = work.folder / "made"
    made.mkdir()
    (made / "weights").write_text("w", encoding="utf-8")
    work.finish(made)
    assert [one.name for one in work.adapter.iterdir()] == ["weights"]
    assert not work.checkpoints.exists()
    assert not made.exists()


def test_only_the_newest_finished_trainings_are_kept(home: Path) -> None:
    works = [WorkDirectory(f"{number:02d}" + "0" * 62) for number in range(MAX_KEPT_FOLDERS + 3)]
    for age, work in enumerate(works):
        with work.locked():
            work.adapter.mkdir()
        os.utime(work.adapter, (age, age))
    unfinished = WorkDirectory("f" * 64)
    checkpoint(unfinished, 5, whole=True)
    works[0].remove_old_folders()
    there = [work.adapter.is_dir() for work in works]
    assert there == [True, *[False] * 3, *[True] * (MAX_KEPT_FOLDERS - 1)], (
        "its own, and the newest of the others"
    )
    assert unfinished.checkpoints.is_dir(), "it may be gone on with"
