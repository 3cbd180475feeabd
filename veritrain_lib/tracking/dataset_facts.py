"""Tags that describe a dataset: origin of its rows, language direction, and spoken or written text.

They become tags of the run that made the dataset, so that dataset lists can be filtered by them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task

DATASET_TYPES = ("human", "synthetic", "mixed")
"""Allowed values of a dataset's tag `type`: people wrote its rows, a teacher (such as a chat model) did, or both."""
SCENES = ("meeting", "written")
"""Allowed values of a dataset's tag `scene`: the rows were spoken in a meeting, or written."""
DEFAULT_TYPE, DEFAULT_SCENE = "human", "written"
"""Values of the tags `type` and `scene` for a dataset that does not state them."""

MAX_LENGTH = 200
"""Maximum characters of the tag `direction`, because the direction column of a task may hold any text."""


def facts(task: Task, rows: pd.DataFrame) -> dict[str, str]:
    """Return a dataset's tags `type`, `direction` and `scene`, computed from its task and its rows."""
    return {"type": row_origin(rows), "direction": direction(task, rows), "scene": scene(rows)}


def row_origin(rows: pd.DataFrame) -> str:
    """Return a dataset's type: `synthetic` (a teacher, such as a chat model, wrote every row), `mixed`, or `human`.

    It is `mixed` if a teacher wrote some of the rows. Rows that were chosen from a given pool count as human.
    """
    if "source" not in rows.columns or not len(rows):
        return DEFAULT_TYPE
    synthetic = int((rows["source"] == "synthetic").sum())
    return "human" if not synthetic else "synthetic" if synthetic == len(rows) else "mixed"


def direction(task: Task, rows: pd.DataFrame | None = None) -> str:
    """Return the language direction of a dataset's rows, such as `ja-en`.

    It is the most frequent value of the task's direction column. Without that column or without rows it is made of the
    languages that the task declares for its first input and its answer; without these it is the task's name.
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
    """Return whether a dataset's rows were spoken or written: `meeting` or `written`.

    It is the most frequent value of the column `scene`; `written` without that column, or if the value is neither.
    """
    value = _most_frequent(rows["scene"]) if "scene" in rows.columns else ""
    return value if value in SCENES else DEFAULT_SCENE


def _most_frequent(values: pd.Series[str]) -> str:
    non_blank = values[values.astype(str).str.strip() != ""]
    return str(non_blank.value_counts().index[0]) if len(non_blank) else ""
