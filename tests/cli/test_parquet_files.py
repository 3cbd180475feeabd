"""Parquet is read wherever CSV and JSON Lines are, and the same rows give the same task, answers and verdict."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml

import veritrain_lib as vt
from tests.cli.conftest import SEED_ROWS, Run
from tests.small_task import write_task

FORMATS = ("csv", "jsonl", "parquet")


def written(rows: pd.DataFrame, file: Path) -> Path:
    if file.suffix == ".csv":
        rows.to_csv(file, index=False)
    elif file.suffix == ".jsonl":
        rows.to_json(file, orient="records", lines=True, force_ascii=False)
    else:
        rows.to_parquet(file, index=False)
    return file


def task_of(folder: Path, suffix: str) -> Path:
    """The small task with each of its data files in one format."""
    task = write_task(folder / suffix, "small", seed_rows=SEED_ROWS)
    content = yaml.safe_load(task.read_text(encoding="utf-8"))
    for kind, name in content["data"].items():
        rows = pd.read_csv(task.parent / name, dtype=str, keep_default_na=False)
        content["data"][kind] = written(rows, (task.parent / name).with_suffix(f".{suffix}")).name
        if suffix != "csv":
            (task.parent / name).unlink()
    task.write_text(yaml.safe_dump(content), encoding="utf-8")
    return task


def test_a_task_and_its_verdict_are_the_same_in_every_format(run: Run, tmp_path: Path) -> None:
    verdicts = []
    for suffix in FORMATS:
        file = task_of(tmp_path, suffix)
        assert run("check", file).code == 0
        judged = vt.gate(vt.load_task(file), "development")
        verdicts.append(
            (judged.headline, *(judged.tables[name].to_dict("list") for name in ("rules", "quarantine")))
        )
    assert verdicts[0] == verdicts[1] == verdicts[2]


def test_new_task_makes_the_same_task_of_every_format(run: Run, tmp_path: Path) -> None:
    rows = pd.read_csv(write_task(tmp_path / "source").parent / "pool.csv", dtype=str)
    made = []
    for suffix in FORMATS:
        file = written(rows, tmp_path / f"mail.{suffix}")
        document = run(
            "new-task", "--from", file, "--into", tmp_path / f"made-{suffix}", "--name", "mail", "--json"
        )
        made.append([document.document()[key] for key in ("labels", "inputs", "rows", "left_out")])
    assert made[0] == made[1] == made[2]


@pytest.mark.parametrize("suffix", FORMATS)
def test_predict_answers_the_rows_of_a_file(
    run: Run, task: Path, champion: str, tmp_path: Path, suffix: str
) -> None:
    rows = pd.DataFrame({"text": ["where is my parcel", "hello friend"]})
    out = tmp_path / "answers.jsonl"
    file = written(rows, tmp_path / f"ask.{suffix}")
    assert run("predict", task, "--file", file, "--model", champion, "--out", out).code == 0
    assert len(out.read_text(encoding="utf-8").splitlines()) == 2
