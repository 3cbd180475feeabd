"""What a dataset is, told from its task and its rows: who wrote it, which way it goes, spoken or written.

They are tags of the run that made the dataset, so that a list can be asked for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task

TYPES = ("human", "synthetic", "mixed")
SCENES = ("meeting", "written")
DEFAULT_TYPE, DEFAULT_SCENE = "human", "written"
"""Of a dataset that says nothing of it."""

LONGEST = 200
"""Characters of a fact; a direction is the value of a column, which may be anything."""


def facts(task: Task, rows: pd.DataFrame) -> dict[str, str]:
    """`type`, `direction` and `scene` of rows of a task."""
    return {"type": kind(rows), "direction": direction(task, rows), "scene": scene(rows)}


def kind(rows: pd.DataFrame) -> str:
    """`synthetic` where a teacher wrote every row, `mixed` where it wrote some; rows of a pool are people's."""
    if "source" not in rows.columns or not len(rows):
        return DEFAULT_TYPE
    synthetic = int((rows["source"] == "synthetic").sum())
    return "human" if not synthetic else "synthetic" if synthetic == len(rows) else "mixed"


def direction(task: Task, rows: pd.DataFrame | None = None) -> str:
    """Such as `ja-en`: the most frequent value of the task's direction column, else the languages of its first input
    and of its answer, else the task's name."""
    column = task.target.direction
    if column and rows is not None and column in rows.columns:
        found = _most_frequent(rows[column])
        if found:
            return found[:LONGEST]
    given = next((field.language for field in task.inputs.values() if field.language), None)
    if given and task.target.language:
        return f"{given}-{task.target.language}"
    return task.name


def scene(rows: pd.DataFrame) -> str:
    """The most frequent value of the column `scene`, if it is one of `SCENES`; else `written`."""
    found = _most_frequent(rows["scene"]) if "scene" in rows.columns else ""
    return found if found in SCENES else DEFAULT_SCENE


def _most_frequent(values: pd.Series[str]) -> str:
    known = values[values.astype(str).str.strip() != ""]
    return str(known.value_counts().index[0]) if len(known) else ""
