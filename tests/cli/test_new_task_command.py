"""`veritrain new-task` explains what it guessed, and its task is one that every other command takes."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Run
from tests.small_task import LABELS, write_task


def _rows(folder: Path) -> Path:
    file = write_task(folder / "source").parent / "pool.csv"
    return file.rename(folder / "mail.csv")


def test_what_was_guessed_is_said_and_what_to_do_next(run: Run, tmp_path: Path) -> None:
    said = run("new-task", "--from", _rows(tmp_path))
    assert said.code == 0
    assert "target 'label': its name, and 3 distinct values" in said.out
    assert "language of 'text'" in said.out
    assert said.out.splitlines()[-1] == f"  veritrain loop {tmp_path / 'mail' / 'task.yaml'}"
    assert run("status", tmp_path / "mail").code == 0


def test_json_has_the_same(run: Run, tmp_path: Path) -> None:
    document = run(
        "new-task", "--from", _rows(tmp_path), "--into", tmp_path / "here", "--name", "post", "--json"
    ).document()
    assert (document["task"], document["labels"], document["inputs"]) == ("post", list(LABELS), ["text"])
    assert sum(document["rows"].values()) + sum(document["left_out"].values()) == 75
    assert Path(document["task_file"]) == tmp_path / "here" / "task.yaml"


def test_a_second_call_overwrites_nothing(run: Run, tmp_path: Path) -> None:
    rows = _rows(tmp_path)
    assert run("new-task", "--from", rows).code == 0
    before = (tmp_path / "mail" / "task.yaml").read_bytes()
    again = run("new-task", "--from", rows, "--seed", "1")
    assert again.code == 2
    assert "nothing is overwritten" in again.err
    assert (tmp_path / "mail" / "task.yaml").read_bytes() == before


def test_a_misspelled_column_is_refused_with_the_nearest(run: Run, tmp_path: Path) -> None:
    said = run("new-task", "--from", _rows(tmp_path), "--target", "lable")
    assert said.code == 2
    assert "Did you mean 'label'?" in said.err
