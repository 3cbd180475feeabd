"""Damaged files of every kind end in a refusal, at every door; `make bench-fuzz` damages 100,000 of them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks.fuzz import damaged, prepare, run
from benchmarks.fuzzing.seeds import seeds
from benchmarks.fuzzing.targets import read_rows, read_task


def test_no_damaged_file_crashes_a_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERITRAIN_HOME", str(tmp_path))
    prepare(tmp_path)
    # Other numbers than the benchmark's first ones, so that the two together look further.
    result = run(tmp_path, seed=1, numbers=range(1_000))
    assert result.crashes == []
    assert 300 < result.refused < 1_000


def test_whole_files_are_taken_and_damage_is_the_same_each_time(tmp_path: Path) -> None:
    prepare(tmp_path)
    for suffix, contents in seeds().items():
        if suffix == ".yaml":
            read_task(tmp_path, contents[0])
        else:
            read_rows(tmp_path, f"whole{suffix}", contents[0], 0)
    assert [damaged(0, number)[:2] for number in range(50)] == [
        damaged(0, number)[:2] for number in range(50)
    ]
    assert isinstance(damaged(0, 1)[2], random.Random)
