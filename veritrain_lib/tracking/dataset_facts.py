"""Descriptive tags of a dataset: origin of its rows, language direction, and spoken or written text.

They become tags of the run that made the dataset, so that dataset lists can be filtered by them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task

DATASET_TYPES = ("human", "synthetic", "mixed")
SCENES = ("meeting", "written")
DEFAULT_TYPE, DEFAULT_SCENE = "human", "written"
"""Defaults for a dataset that does not state them."""

MAX_LENGTH = 200
"""Maximum characters of a tag value. A direction is the value of a column, which may be any text."""


def facts(task: Task, rows: pd.DataFrame) -> dict[str, str]:
    """Return the tags `type`, `direction` and `scene` for rows of a task."""
    return {"type": row_origin(rows), "direction": direction(task, rows), "scene": scene(rows)}


def row_origin(rows: pd.DataFrame) -> str:
    """Return `synthetic` when a teacher wrote every row, `mixed` when it wrote some, else `human`.

    Rows of a pool count as human.
    """
    if "source" not in rows.columns or not len(rows):
        return DEFAULT_TYPE
    synthetic = int((rows["source"] == "synthetic").sum())
    return "human" if not synthetic else "synthetic" if synthetic == len(rows) else "mixed"


def direction(task: Task, rows: pd.DataFrame | None = None) -> str:
    """Return the language direction, such as `ja-en`.

    It is the most frequent value of the task's direction column, else the languages of the first input and of the
    answer, else the task's name.
    """
    column = task.target.direction
    if column and rows is not None and column in rows.columns:
        value = _most_frequent(rows[column])
        if value:
            return value[:MAX_LENGTH]
    input_language = next((field.language for field in task.inputs.values() if field.language), None)
    if input_language and task.target.language:
        return f"{input_language}-{task.target.language}"
    return task.name


def scene(rows: pd.DataFrame) -> str:
    """Return the most frequent value of the column `scene` if it is one of `SCENES`, else `written`."""
    value = _most_frequent(rows["scene"]) if "scene" in rows.columns else ""
    return value if value in SCENES else DEFAULT_SCENE


def _most_frequent(values: pd.Series[str]) -> str:
    non_blank = values[values.astype(str).str.strip() != ""]
    return str(non_blank.value_counts().index[0]) if len(non_blank) else ""
