"""Cells of a sweep: the task file of each cell, and the arm that it belongs to.

A cell is one combination of settings with one seed. An arm is one combination of settings; its cells differ in the seed
only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import digest
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import load_task
from veritrain_lib.loop.sweep.sweep_file import PREFIXES, SETTINGS, SweepFile, read_sweep_file
from veritrain_lib.stages.inputs.derived_task import content_of, write_derived
from veritrain_lib.stages.inputs.tasks import find_task
from veritrain_lib.task_check.check import check_task, load_checked
from veritrain_lib.task_file.files import out_of_reach
from veritrain_lib.tracking import models

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task

DEFAULT_ARM = "as in the task file"
"""Name of the only arm (combination of settings) of a sweep that varies nothing but the seed."""


@dataclass(frozen=True)
class Cell:
    """One cell of a sweep: one combination of settings with one seed.

    Attributes:
        number: The cell's number in the sweep, from 1.
        key: Digest of the settings, by which the cell's MLflow run is found again.
        task: The task with these settings.
        seed: The random seed.
        arm: The settings without the seed, as one line for people.
        settings: All settings by name.
        model: The address of the model that chooses rows in the first round; empty for the cell's own seed model.
    """

    number: int
    key: str
    task: Task
    seed: int
    arm: str
    settings: Mapping[str, Any]
    model: str = ""

    @property
    def label(self) -> str:
        """The cell's settings with its seed, as one line for people."""
        return f"{self.arm}, seed {self.seed}"


@dataclass(frozen=True)
class SweepPlan:
    """A sweep whose cells have been checked and can be run.

    Attributes:
        name: The sweep's name.
        task: The task as its file is, without the settings of a cell.
        rounds: The number of rounds after the seed model.
        cells: The cells.
    """

    name: str
    task: Task
    rounds: int
    cells: tuple[Cell, ...] = field(repr=False)

    @property
    def arms(self) -> list[str]:
        """The names of the sweep's arms (settings without the seed), in the order of the sweep file."""
        return list(dict.fromkeys(cell.arm for cell in self.cells))


def read_sweep(path: str | Path) -> SweepPlan:
    """Read a sweep file and check the task of every cell as `veritrain check` does. Nothing is run.

    Args:
        path: The path of the sweep file.

    Returns:
        The sweep with all its cells, ready to be run.

    Raises:
        UserError: when there are mistakes in the sweep file, in its task, or in the task of a cell.
    """
    sweep_file = read_sweep_file(path)
    task = find_task(sweep_file.task, check=True)
    checked: dict[str, Path] = {}
    cells = tuple(
        _cell(number, settings, task, sweep_file, checked)
        for number, settings in enumerate(sweep_file.cells, start=1)
    )
    return SweepPlan(sweep_file.name, task, sweep_file.rounds, cells)


def _cell(
    number: int, settings: Mapping[str, Any], task: Task, sweep_file: SweepFile, checked: dict[str, Path]
) -> Cell:
    content = _with_settings(task, settings)
    arm = arm_name(settings)
    if problem := _out_of_reach(task, content):
        raise UserError(f"{sweep_file.path.name}: cell {number} ({arm}): {problem}")
    file = task.path if content == content_of(task) else write_derived(task, content)
    if arm not in checked:
        problems = check_task(file)
        if problems.mistakes:
            texts = "; ".join(f"{mistake.where}: {mistake.text}" for mistake in problems.mistakes[:5])
            raise UserError(f"{sweep_file.path.name}: cell {number} ({arm}) makes no valid task: {texts}")
        load_checked(file)
        checked[arm] = file
    model: str = settings.get("model", "")
    if model.startswith("models:/"):
        model = models.describe(task, model).uri
    seed = settings.get("seed", task.seed)
    return Cell(number, digest.of_json(dict(settings))[:16], load_task(file), seed, arm, settings, model)


def _out_of_reach(task: Task, content: Mapping[str, Any]) -> str:
    """Return why a cell may not use a trainer file or suite file that it names; an empty text if it may.

    Args:
        task: The task of the sweep.
        content: The content of the cell's task file.
    """
    for name in (content["trainer"].get("file"), content["gate"]):
        file = (task.path.parent / str(name)).resolve()
        if name and file.is_file() and (problem := out_of_reach(task, file)):
            return problem
    return ""


def arm_name(settings: Mapping[str, Any]) -> str:
    """Return the settings of a sweep's cell without its seed, as one line for people."""
    parts = [f"{key} {_shown(value)}" for key, value in settings.items() if key != "seed"]
    return ", ".join(parts) or DEFAULT_ARM


def _shown(value: Any) -> str:
    if isinstance(value, dict) and set(value) in ({"name"}, {"file"}):
        return str(next(iter(value.values())))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _with_settings(task: Task, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of the task file with the settings of a cell.

    If a cell names another trainer or teacher, that one starts from its own default parameters, not from the task's.

    Args:
        task: The task of the sweep.
        settings: The settings of the cell, by name.
    """
    content = content_of(task)
    # `trainer` replaces its section, so it comes before a single parameter of it.
    for key in sorted(settings, key=lambda name: name.count(".")):
        value = settings[key]
        prefix = next((prefix for prefix in PREFIXES if key.startswith(prefix)), "")
        if prefix:
            section = content[prefix.split(".")[0]]
            section["parameters"] = {**section.get("parameters", {}), key.removeprefix(prefix): value}
        elif key == "trainer":
            content["trainer"] = _replaced(content["trainer"], value, {})
        elif key == "teacher":
            kept = {name: content["teacher"][name] for name in ("choose", "batch")}
            content["teacher"] = _replaced(content["teacher"], value, kept)
        elif key != "model":
            *sections, name = SETTINGS[key]
            target = content
            for section_name in sections:
                target = target[section_name]
            target[name] = value
    return content


def _replaced(section: Mapping[str, Any], value: Any, kept: Mapping[str, Any]) -> Any:
    if not isinstance(value, str):
        return {**kept, **value} if isinstance(value, dict) else value
    if value == section["name"] and "file" not in section:
        return dict(section)
    return {**kept, "name": value}
