"""Which columns of a row are text that somebody wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task


def text_fields(rows: pd.DataFrame, task: Task) -> list[str]:
    """The input fields, and the target where it is text and not a label.

    Rows of a pool that is screened before it has answers lack the target: only what is there is named.
    """
    names = [*task.inputs, *([] if task.labels else [task.target.field])]
    return [name for name in names if name in rows.columns]


def text_groups(rows: pd.DataFrame, task: Task) -> list[list[str]]:
    """The same columns in the groups that are looked at as one text: the inputs together, the target by itself."""
    names = text_fields(rows, task)
    inputs = [name for name in names if name in task.inputs]
    return [group for group in (inputs, [name for name in names if name not in task.inputs]) if group]
