"""Columns of a row that hold written text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task


def text_fields(rows: pd.DataFrame, task: Task) -> list[str]:
    """Return the columns that hold text: the input fields, and the target where it is no label.

    Args:
        rows: The rows; those of a pool that is screened before it has answers lack the target.
        task: The task.

    Returns:
        Names of the columns that exist.
    """
    names = [*task.inputs, *([] if task.labels else [task.target.field])]
    return [name for name in names if name in rows.columns]


def text_groups(rows: pd.DataFrame, task: Task) -> list[list[str]]:
    """Return the same columns grouped by what is checked as one text.

    Args:
        rows: The rows.
        task: The task.

    Returns:
        The inputs together, and the target by itself.
    """
    names = text_fields(rows, task)
    inputs = [name for name in names if name in task.inputs]
    return [group for group in (inputs, [name for name in names if name not in task.inputs]) if group]
