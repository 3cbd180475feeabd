"""After a loop each accepted row is in one file, and no stage has read a dataset more than it must.

Rows that notebooks, pages and documents show as examples are left out: people read these without the dataset.
"""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from tests.stages.in_process import InProcess
from tests.stages.tiny_task import write_tiny
from veritrain_lib.core import project
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.loop.loop import Event, run_loop
from veritrain_lib.stages.report.record import ReportSpec
from veritrain_lib.tracking import datasets, row_file

TEXT_FILES = (".csv", ".json", ".jsonl")


@dataclass
class Walked:
    """A loop of two rounds, with how often it read each file of a dataset in each round."""

    task: Task
    reads: dict[int, Counter[str]]


_opened: list[str] = []


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if (
        event == "open"
        and str(arguments[1] or "r").startswith("r")
        and "/artifacts/dataset/" in str(arguments[0])
    ):
        _opened.append(str(arguments[0]))


@pytest.fixture(scope="module")
def walked(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walked]:
    home = tmp_path_factory.mktemp("once")
    shutil.copy(empty_store, home / "mlflow.db")
    sys.addaudithook(_watch)
    reads: dict[int, Counter[str]] = {}
    read = row_file.read

    def counting(file: Path) -> object:
        _opened.append(str(file))
        return read(file)

    def round_counter(event: Event) -> None:
        reads.setdefault(event.round, Counter()).update(
            name.split("/mlruns/tiny/")[1] for name in _opened if str(home) in name
        )
        _opened.clear()

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VERITRAIN_HOME", str(home))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.setattr(ReportSpec, "_store", lambda self, run_id, result: None)
        patch.setattr(row_file, "read", counting)
        task = load_task(write_tiny(home / "task"))
        assert run_loop(task, runner=InProcess(), on_event=round_counter).rounds == 2
        yield Walked(task, reads)


@pytest.mark.slow
def test_every_accepted_row_is_found_in_one_parquet_file_and_in_no_text_file(walked: Walked) -> None:
    last = datasets.latest(walked.task, "passed")
    assert last is not None
    accepted = set(last.rows["text"])
    assert len(accepted) == len(last.rows) == 21 + 15 + 15
    places: dict[str, list[str]] = {text: [] for text in accepted}
    for file in sorted(project.artifacts().rglob("*.parquet")):
        table = pd.read_parquet(file)
        for column in table.columns:
            for value in table[column].astype(object):
                for text in accepted & {value} if isinstance(value, str) else ():
                    places[text].append(str(file.relative_to(project.artifacts())))
    assert {len(files) for files in places.values()} == {1}
    assert all(files[0].endswith("/artifacts/dataset/rows.parquet") for files in places.values())
    for file in project.artifacts().rglob("*"):
        if file.suffix in TEXT_FILES:
            content = file.read_text(encoding="utf-8")
            assert not [text for text in accepted if text in content], file


@pytest.mark.slow
def test_a_round_reads_each_file_of_a_dataset_at_most_twice(walked: Walked) -> None:
    assert set(walked.reads) >= {0, 1, 2, -1}
    assert any(name.endswith("rows.parquet") for name in walked.reads[2])
    too_often = {
        (number, name): count
        for number, counts in walked.reads.items()
        for name, count in counts.items()
        if count > 2
    }
    assert not too_often
