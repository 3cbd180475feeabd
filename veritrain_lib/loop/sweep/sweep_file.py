"""Reading of a sweep file: the task, the number of rounds, and the settings to try.

Open this for the keys that a sweep file may have, and for the messages about mistakes in it. See docs/sweep.md.
"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.yaml_file.document import Mistake, YamlDocument
from veritrain_lib.yaml_file.read import read_yaml

KEYS = ("version", "name", "task", "rounds", "grid", "cells")
"""Keys that are allowed at the top of a sweep file."""

SETTINGS: dict[str, tuple[str, ...]] = {
    "seed": ("seed",),
    "trainer": ("trainer",),
    "teacher": ("teacher",),
    "choose": ("teacher", "choose"),
    "batch": ("teacher", "batch"),
    "rows_per_round": ("budget", "rows_per_round"),
    "suite": ("gate",),
    "model": (),
}
"""Settings that a sweep may vary, each with the path of its key in a task file; `model` has no such key."""

PREFIXES = ("trainer.parameters.", "teacher.parameters.")
"""Prefixes of the settings that are one parameter of the trainer or the teacher."""

MAX_CELLS = 1000
MAX_ROUNDS = 100


@dataclass(frozen=True)
class SweepFile:
    """Content of a sweep file whose keys and values have been checked; the task has not.

    Attributes:
        path: The absolute path of the file.
        name: The sweep's name; by default the file's name without its suffix.
        task: The path or name of the task, as `find_task` accepts it.
        rounds: The number of rounds after the seed model; 0 trains on the seed rows only.
        cells: The settings of each cell by name, in order.
        document: The YAML document, which knows the line of every value.
    """

    path: Path
    name: str
    task: str
    rounds: int
    cells: tuple[Mapping[str, Any], ...]
    document: YamlDocument


def read_sweep_file(path: str | Path) -> SweepFile:
    """Read a sweep file and check its keys and values. The task itself is not read.

    Args:
        path: The path of the file.

    Returns:
        The file's content, with the settings of each cell.

    Raises:
        UserError: when the file is missing, is not valid YAML, or has mistakes; the message lists each with its line.
    """
    file = Path(path).expanduser()
    if not file.is_file():
        raise UserError(f"no sweep file at {str(path)[:120]}. docs/sweep.md shows how to write one")
    document = read_yaml(file)
    content = document.content
    if not isinstance(content, dict):
        raise UserError(f"{file.name} must hold keys and values, not {type(content).__name__}")
    mistakes = [*document.mistakes, *_mistakes(content, document)]
    if mistakes:
        raise UserError(document.format_mistakes(mistakes))
    cells = list(_cells(content))
    if not cells:
        raise UserError(f"{file.name} declares no cells: list values under grid, or settings under cells")
    if len(cells) > MAX_CELLS:
        raise UserError(f"{file.name} declares {len(cells):,} cells; at most {MAX_CELLS:,} are allowed")
    for number, cell in enumerate(cells):
        if cell in cells[:number]:
            raise UserError(
                f"{file.name}: cells {cells.index(cell) + 1} and {number + 1} are the same: {dict(cell)}; keep one of them"
            )
    return SweepFile(
        file.resolve(), content.get("name") or file.stem, _task(file, content["task"]),
        content.get("rounds", 1), tuple(cells), document,
    )  # fmt: skip


def _task(file: Path, named: str) -> str:
    beside = file.parent / named
    return str(beside.resolve()) if beside.exists() else named


def _cells(content: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the settings of each cell: each entry of `cells` with each combination of the values of `grid`."""
    grid = content.get("grid") or {}
    listed = content.get("cells") or []
    if not grid and not listed:
        return
    for settings in listed or [{}]:
        for values in itertools.product(*grid.values()):
            yield {**settings, **dict(zip(grid, values, strict=True))}


def _mistakes(content: Mapping[str, Any], document: YamlDocument) -> Iterator[Mistake]:
    for key in content:
        if key not in KEYS:
            yield document.mistake(
                (key,), f"unknown key{_nearest(key, KEYS)} Allowed here: {', '.join(KEYS)}"
            )
    if content.get("version", 1) != 1:
        yield document.mistake(("version",), f"version must be 1 (given: {content['version']!r})")
    if not isinstance(content.get("task"), str) or not content["task"]:
        yield document.mistake(
            ("task",), "task is required: the path of a task file, relative to this file, or its name"
        )
    name = content.get("name", "")
    if not isinstance(name, str) or len(name) > 100:
        yield document.mistake(("name",), "name must be a text of at most 100 characters")
    rounds = content.get("rounds", 1)
    if isinstance(rounds, bool) or not isinstance(rounds, int) or not 0 <= rounds <= MAX_ROUNDS:
        yield document.mistake(
            ("rounds",), f"rounds must be a whole number from 0 to {MAX_ROUNDS} (given: {rounds!r})"
        )
    yield from _grid_mistakes(content.get("grid"), document)
    yield from _cell_mistakes(content.get("cells"), content.get("grid"), document)


def _grid_mistakes(grid: Any, document: YamlDocument) -> Iterator[Mistake]:
    if grid is None:
        return
    if not isinstance(grid, dict):
        yield document.mistake(("grid",), "grid must hold settings, each with a list of values")
        return
    for key, values in grid.items():
        yield from _setting_mistakes(key, ("grid", key), document)
        if not isinstance(values, list) or not values:
            yield document.mistake(("grid", key), "must be a list of one or more values, such as [0, 1, 2]")
        else:
            for number, value in enumerate(values):
                yield from _value_mistakes(key, value, ("grid", key, number), document)


def _cell_mistakes(cells: Any, grid: Any, document: YamlDocument) -> Iterator[Mistake]:
    if cells is None:
        return
    if not isinstance(cells, list):
        yield document.mistake(("cells",), "cells must be a list of settings")
        return
    for number, cell in enumerate(cells):
        if not isinstance(cell, dict):
            yield document.mistake(("cells", number), "a cell must hold settings and their values")
            continue
        for key, value in cell.items():
            yield from _setting_mistakes(key, ("cells", number, key), document)
            if isinstance(grid, dict) and key in grid:
                yield document.mistake(
                    ("cells", number, key), f"{key} is in grid too; keep it in one of the two places"
                )
            yield from _value_mistakes(key, value, ("cells", number, key), document)


def _setting_mistakes(key: str, path: tuple[str | int, ...], document: YamlDocument) -> Iterator[Mistake]:
    if key in SETTINGS or any(key.startswith(prefix) and key != prefix for prefix in PREFIXES):
        return
    allowed = (*SETTINGS, *(f"{prefix}NAME" for prefix in PREFIXES))
    yield document.mistake(
        path, f"unknown setting{_nearest(key, tuple(SETTINGS))} A sweep may vary: {', '.join(allowed)}"
    )


def _value_mistakes(
    key: str, value: Any, path: tuple[str | int, ...], document: YamlDocument
) -> Iterator[Mistake]:
    if key == "seed" and (isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31):
        yield document.mistake(path, f"a seed is a whole number from 0 to 2147483647 (given: {value!r})")
    if key in ("trainer", "teacher") and not isinstance(value, str | dict):
        yield document.mistake(path, f"a {key} is a name, or a section as in a task file (given: {value!r})")
    if key in ("model", "suite") and not isinstance(value, str):
        yield document.mistake(path, f"a {key} is a text (given: {value!r})")


def _nearest(key: str, allowed: tuple[str, ...]) -> str:
    matches = difflib.get_close_matches(key, allowed, n=1)
    return f"; did you mean {matches[0]!r}?" if matches else "."
