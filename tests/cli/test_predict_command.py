"""Asking the champion from the command line."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from tests.cli.conftest import Run
from tests.small_task import write_task

REFUND = "please send my money back to the bank, I was charged twice and want a refund"


def test_one_text_gets_candidates_and_a_reason(run: Run, task: Path, champion: str) -> None:
    document = run("predict", task, "--text", REFUND, "--json").document()
    assert (document["answer"], document["model"], document["error"]) == ("refund", champion, None)
    scores = [one["score"] for one in document["candidates"]]
    assert scores == sorted(scores, reverse=True)
    assert document["explanation"].startswith("because of")


def test_without_json_the_answers_are_lines(run: Run, task: Path, champion: str) -> None:
    lines = run("predict", task, "--input", f"text={REFUND}").out.splitlines()
    assert lines[0].startswith("refund  0.")
    assert lines[-1] == f"1 row(s) answered by {champion}"


def test_a_file_is_answered_row_by_row(run: Run, task: Path, champion: str, tmp_path: Path) -> None:
    texts = [REFUND, "hello and good morning, nice day", "", "the parcel is late, the courier van is missing"]
    file = tmp_path / "rows.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([["nr", "text"], *([at, text] for at, text in enumerate(texts))])
    said = run("predict", task, "--file", file, "--out", tmp_path / "out.jsonl", "--json")
    rows = [json.loads(line) for line in said.out.splitlines()]
    assert [row["input"]["text"] for row in rows] == texts
    assert [row["row"] for row in rows] == [1, 2, 3, 4]
    assert [rows[at]["answer"] for at in (0, 1, 3)] == ["refund", "greeting", "delivery"]
    assert [
        json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()
    ] == rows


def test_another_model_can_be_asked(run: Run, task: Path, champion: str) -> None:
    assert run("predict", task, "--text", "hi", "--model", champion, "--json").document()["model"] == champion


def test_wrong_questions_are_refused(run: Run, task: Path, champion: str, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("body\nx\n", encoding="utf-8")
    for arguments, told in [
        ([], "give one of --text"),
        (["--text", "a", "--file", file], "give one of --text"),
        (["--input", "body=a"], "the fields are text"),
        (["--input", "text"], "write NAME=VALUE"),
        (["--file", tmp_path / "none.csv"], "there is no file"),
        (["--file", file], "lacks the input column(s) text of task small; it has: body"),
        (["--file", file, "--out", file], "is the file that is read"),
        (["--text", "a", "--model", "models:/small/99"], "there is no model models:/small/99"),
        (["--text", "a", "--model", "nonsense"], "is not a model URI"),
        (["--text", "a", "--out", tmp_path / "no" / "out.jsonl"], "can't be written"),
    ]:
        said = run("predict", task, *arguments)
        assert (said.code, said.out) == (2, ""), arguments
        assert told in said.err


def test_without_a_champion_the_way_to_one_is_told(run: Run, home: Path) -> None:
    said = run("predict", write_task(home / "fresh", "fresh"), "--text", "hi")
    assert said.code == 2
    assert "task fresh has no champion yet; run: veritrain loop" in said.err
