"""`veritrain sweep`: mistakes are refused with exit code 2 before any work, and the live table fits the screen."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from tests.cli.conftest import Run
from veritrain_lib.cli.sweep_display import SweepDisplay
from veritrain_lib.loop.sweep.cells import read_sweep
from veritrain_lib.loop.sweep.record import CellOutcome
from veritrain_lib.loop.sweep.run import SweepEvent


def sweep_file(task: Path, text: str) -> Path:
    file = task.with_name("many.yaml")
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("task: task.yaml\n", "declares no cells"),
        ("task: task.yaml\ngrid: {sed: [1]}\n", "unknown setting; did you mean 'seed'"),
        ("task: task.yaml\ngrid: {trainer: [nothing]}\n", "no trainer named 'nothing'"),
        ("task: nowhere/task.yaml\ngrid: {seed: [1]}\n", "no task file at"),
    ],
)
def test_a_mistake_is_refused_in_plain_words(run: Run, task: Path, text: str, message: str) -> None:
    answer = run("sweep", sweep_file(task, text))
    assert answer.code == 2
    assert message in answer.err
    assert "Traceback" not in answer.err


def test_a_missing_file_is_refused(run: Run) -> None:
    answer = run("sweep", "none.yaml")
    assert (answer.code, answer.out) == (2, "")
    assert "no sweep file at none.yaml" in answer.err


def test_the_live_table_shows_the_cell_under_way_however_many_there_are(task: Path) -> None:
    plan = read_sweep(sweep_file(task, f"task: task.yaml\ngrid: {{seed: {list(range(60))}}}\n"))
    display = SweepDisplay(plan)
    for cell in plan.cells[:40]:
        display.event(SweepEvent("done", cell, outcome=CellOutcome(cell, "done", "", note="trained")))
    display.event(SweepEvent("begin", plan.cells[40]))
    console = Console(width=100, record=True, file=(task.parent / "out.txt").open("w"))
    console.print(display._table())
    shown = console.export_text()
    assert "begins" in shown
    assert "done: trained" in shown
    assert len(shown.splitlines()) <= display._console.height + 2
