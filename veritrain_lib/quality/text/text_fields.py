"""Columns of a task's rows that contain written text, for gate checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task


def text_fields(rows: pd.DataFrame, task: Task) -> list[str]:
    """Return the columns of a task's rows that contain text: the input fields, and the target unless it is a label.

    Args:
        rows: The rows; those of a pool that is screened before it has answers lack the target.
        task: The task.

    Returns:
        Names of those of the columns that the rows have.
    """
    names = [*task.inputs, *([] if task.labels else [task.target.field])]
    return [name for name in names if name in rows.columns]


def text_groups(rows: pd.DataFrame, task: Task) -> list[list[str]]:
    """Return the text columns of a task's rows in the groups that gate checks read as one text.

    Args:
        rows: The rows.
        task: The task.

    Returns:
        The input fields as one group, and the target as another unless it is a label or missing.
    """
    names = text_fields(rows, task)
    inputs = [name for name in names if name in task.inputs]
    return [group for group in (inputs, [name for name in names if name not in task.inputs]) if group]
