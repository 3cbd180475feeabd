"""Japanese in a terminal: a full-width letter takes two columns, and lines stay as wide as the terminal."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console
from wcwidth import wcswidth

from veritrain_lib.cli.output import print_json
from veritrain_lib.cli.predict import _table
from veritrain_lib.core import project
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.rows import read_table
from veritrain_lib.core.task import load_task


@pytest.mark.parametrize("width", [60, 80, 160])
def test_columns_of_a_table_stand_under_each_other(width: int) -> None:
    task = load_task(project.example_task("meetings"))
    rows = read_table(task.path.with_name("test.csv")).head(8).to_dict("records")
    records = [
        {
            "row": number,
            "input": {name: row[name] for name in task.inputs},
            "candidates": [{"text": row["translation"], "score": 0.5}],
            "explanation": f"一番近い文：{row['text']}",
            "error": None,
        }
        for number, row in enumerate(rows, start=1)
    ]
    screen = io.StringIO()
    Console(file=screen, width=width, highlight=False).print(_table(task, records))
    lines = [line for line in screen.getvalue().splitlines() if line.strip()]
    assert {wcswidth(line) for line in lines} == {width}
    rule = next(at for at, line in enumerate(lines) if "─" in line)
    heads = next(line for line in lines[:rule] if "context" in line)
    start, end = heads.index("context"), heads.index("answer")
    cells = [_columns(line, start, end) for line in lines[rule + 1 :]]
    assert "".join(cells).replace(" ", "") == "".join(row["context"] for row in rows).replace(" ", "")


def _columns(line: str, start: int, end: int) -> str:
    """What of a line stands in columns `start` to `end` of the screen."""
    places = [wcswidth(line[:at]) for at in range(len(line))]
    return "".join(letter for place, letter in zip(places, line, strict=True) if start <= place < end)


def test_json_shows_japanese_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"answer": "請求書が届きません"})
    print_json([{"answer": "～①㈱"}])
    said = capsys.readouterr().out
    assert '"answer": "請求書が届きません"' in said
    assert '"answer": "～①㈱"' in said


def test_a_mistake_in_a_task_file_shows_what_was_written(tmp_path: Path) -> None:
    file = tmp_path / "task.yaml"
    text = project.example_task("meetings").read_text(encoding="utf-8")
    file.write_text(text.replace("version: 1\nname: meetings", "version: 版\nname: 会議"), encoding="utf-8")
    with pytest.raises(UserError, match=r'given: "会議"'):
        load_task(file)
