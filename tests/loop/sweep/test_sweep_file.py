"""A sweep file: what its cells are, and what is said of a mistake before anything is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from veritrain_lib.core.errors import UserError
from veritrain_lib.loop.sweep.sweep_file import read_sweep_file


def written(folder: Path, text: str) -> Path:
    file = folder / "many.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_grid_is_every_combination_and_listed_settings_are_combined_with_it(tmp_path: Path) -> None:
    text = "task: t\ncells: [{trainer: a}, {trainer: b, trainer.parameters.c: 2}]\ngrid: {seed: [0, 1]}\n"
    found = read_sweep_file(written(tmp_path, text))
    assert [dict(cell) for cell in found.cells] == [
        {"trainer": "a", "seed": 0},
        {"trainer": "a", "seed": 1},
        {"trainer": "b", "trainer.parameters.c": 2, "seed": 0},
        {"trainer": "b", "trainer.parameters.c": 2, "seed": 1},
    ]
    assert (found.name, found.rounds, found.task) == ("many", 1, "t")


def test_a_task_beside_the_file_is_found_wherever_the_command_is_typed(tmp_path: Path) -> None:
    (tmp_path / "task.yaml").write_text("version: 1\n", encoding="utf-8")
    found = read_sweep_file(written(tmp_path, "task: task.yaml\ngrid: {seed: [0]}\n"))
    assert found.task == str(tmp_path / "task.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("task: t\n", "declares no cells"),
        ("task: t\ngrid: {}\n", "declares no cells"),
        ("task: t\ngrid: {seed: []}\n", "line 2, grid.seed: must be a list of one or more values"),
        ("task: t\ngird: {seed: [0]}\n", "unknown key; did you mean 'grid'"),
        ("task: t\ngrid: {sed: [0]}\n", "unknown setting; did you mean 'seed'"),
        ("task: t\ngrid: {promotion: [1]}\n", "unknown setting"),
        ("task: t\ngrid: {trainer.parameters.: [1]}\n", "unknown setting"),
        ("grid: {seed: [0]}\n", "task is required"),
        (
            "task: t\nrounds: -1\ngrid: {seed: [0]}\n",
            "line 2, rounds: rounds must be a whole number from 0 to 100",
        ),
        ("task: t\nrounds: true\ngrid: {seed: [0]}\n", "rounds must be a whole number"),
        ("task: t\ngrid: {seed: [1.5]}\n", "a seed is a whole number"),
        ("task: t\ncells: [{seed: -3}]\n", "a seed is a whole number"),
        ("task: t\ngrid: {trainer: [3]}\n", "a trainer is a name, or a section"),
        ("task: t\ngrid: {seed: [0]}\ncells: [{seed: 1}]\n", "seed is in grid too"),
        ("task: t\ngrid: {seed: [0, 1, 0]}\n", "cells 1 and 3 are the same"),
        ("task: t\nversion: 2\ngrid: {seed: [0]}\n", "version must be 1"),
        ("- 1\n", "must hold keys and values"),
        ("task: t\ngrid: [\n", "not valid YAML"),
        (f"task: t\ngrid: {{seed: {list(range(1001))}}}\n", "declares 1,001 cells; at most 1,000"),
    ],
)
def test_a_mistake_is_named_with_what_is_allowed(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        read_sweep_file(written(tmp_path, text))
    assert message in str(error.value)


def test_a_missing_file_is_a_plain_refusal(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no sweep file at .*none\.yaml"):
        read_sweep_file(tmp_path / "none.yaml")
