"""`veritrain rows` writes the rows of any dataset of the record, wherever they are stored."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.conftest import Run
from veritrain_lib.core import digest
from veritrain_lib.stages.inputs.tasks import find_task
from veritrain_lib.tracking import datasets, runs

ROWS = pd.DataFrame(
    {
        "id": ["1", "2", "3"],
        "text": ["line\nfeed, comma", '=1+1 "quoted"', "配達\u2028はいつ"],
        "label": ["parcel", "billing", "parcel"],
        "source": ["human", "pool", "synthetic"],
        "provenance": ["{}", "{}", '{"prompt": "p"}'],
    }
)


@pytest.fixture
def reference(task: Path, champion: str) -> str:
    """A dataset of three rows, all of which are stored in the run of another one."""
    loaded = find_task(str(task))
    made = []
    for rows, sources in ((ROWS.iloc[::-1], []), (ROWS, made)):
        run = runs.open_run(loaded, "data", kind="stage")
        made.append(datasets.save(loaded, run, rows, status="passed", parent=None, sources=list(sources)))
        runs.end_run(run, "FINISHED")
    return made[1].reference


def test_the_rows_come_out_in_each_format_as_they_are(
    run: Run, task: Path, reference: str, tmp_path: Path
) -> None:
    said = run(
        "rows", reference, task, "--csv", "a.csv", "--jsonl", "a.jsonl", "--parquet", "a.parquet", "--json"
    )
    assert said.code == 0
    assert said.document()["files"] == ["a.csv", "a.jsonl", "a.parquet"]
    assert (said.document()["dataset"], said.document()["rows"]) == (reference, 3)
    lines = (tmp_path / "a.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
    found = {
        "csv": pd.read_csv(tmp_path / "a.csv", dtype=str, keep_default_na=False),
        "jsonl": pd.DataFrame([json.loads(line) for line in lines]),
        "parquet": pd.read_parquet(tmp_path / "a.parquet"),
    }
    assert {name: digest.of_rows(rows) for name, rows in found.items()} == dict.fromkeys(
        found, digest.of_rows(ROWS)
    )
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.csv", "a.jsonl", "a.parquet"]


def test_without_a_file_the_first_rows_are_shown(run: Run, task: Path, reference: str) -> None:
    said = run("rows", reference, task)
    assert said.code == 0
    assert f"{reference}, passed: 3 rows" in said.out
    assert '=1+1 "quoted"' in said.out
    assert run("rows", reference).code == 0, "the dataset's name is that of its task"


def test_a_wrong_name_and_a_missing_folder_say_what_is_allowed(
    run: Run, task: Path, champion: str, tmp_path: Path
) -> None:
    unknown = run("rows", "small@99", task)
    assert (unknown.code, unknown.out) == (2, "")
    assert "there is no dataset small@99; there are: small@1" in unknown.err
    assert "write NAME@VERSION, for example support@3" in run("rows", "small").err
    nowhere = run("rows", "small@1", task, "--csv", "nowhere/rows.csv")
    assert nowhere.code == 2
    assert "there is no folder nowhere to write rows.csv into" in nowhere.err
    assert not list(tmp_path.iterdir())
