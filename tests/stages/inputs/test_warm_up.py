"""A task's files are read ahead, safely, and the stages then find them read."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from veritrain_lib.core import project
from veritrain_lib.core.task import load_task
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.inputs.warm_up import read_files_of

PROGRAM = """
import os, sys
import great_expectations, pandas, pyarrow.parquet
from veritrain_lib.quality.warm_up import warm_up
warm_up()
before = len(os.listdir("/proc/self/task"))
from veritrain_lib.stages.inputs.warm_up import read_files_of
read_files_of(sys.argv[1])
from veritrain_lib.stages.inputs import sources
print(len(sources._cached_files), len(os.listdir("/proc/self/task")) - before)
"""


@pytest.mark.slow
def test_reading_ahead_starts_no_thread() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(project.example_task())],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    files, threads = done.stdout.split()[-2:]
    assert int(files) == 3
    assert int(threads) == 0


def test_a_task_that_is_not_there_is_passed_over(tmp_path: Path) -> None:
    read_files_of(str(tmp_path / "task.yaml"))


def test_a_file_that_changed_is_read_anew(tmp_path: Path) -> None:
    example = project.example_task().parent
    for name in ("task.yaml", "seed.csv", "dev.csv", "test.csv", "pool.csv"):
        (tmp_path / name).write_bytes((example / name).read_bytes())
    content = yaml.safe_load((tmp_path / "task.yaml").read_text(encoding="utf-8"))
    content["promotion"]["max_set_aside"] = 0.05
    (tmp_path / "task.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    task = load_task(tmp_path / "task.yaml")
    read_files_of(str(task.path))
    before = len(sources.development_rows(task))
    assert sources.set_aside(task) == 0
    lines = (tmp_path / "dev.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "dev.csv").write_text("".join(lines[:-3]), encoding="utf-8")
    held_out = (tmp_path / "test.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (tmp_path / "seed.csv").write_text("".join(held_out[:2]), encoding="utf-8")
    assert len(sources.development_rows(task)) == before - 3
    assert sources.set_aside(task) == 1
