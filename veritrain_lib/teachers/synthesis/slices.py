"""Slices of a generation plan (such as the rows with one label), and the human rows of each that a prompt may show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task

ALL_ROWS = "all rows"
"""Name of the only slice of a task that has a free-text target and no slice columns."""


@dataclass(frozen=True)
class Slice:
    """Slice (the rows with one value in a column, such as a label) that new rows are written for.

    A prompt shows only its human rows.

    Attributes:
        name: The value of the slice column, such as a label.
        column: The name of the slice column; empty when all rows are one slice.
        description: The description of the label in the task file; empty if there is none.
        human_rows: The accepted human rows of the slice.
    """

    name: str
    column: str
    description: str
    human_rows: list[dict[str, str]] = field(default_factory=list, repr=False)


def slice_column(task: Task) -> str | None:
    """Return the column whose values are the slices of a plan.

    Returns:
        The target for a task with labels, else the first slice column of the task; None for a free-text
        target without slice columns, where all rows are one slice.
    """
    if task.labels:
        return task.target.field
    return task.slices.by[0] if task.slices.by else None


def slices_of(task: Task, accepted_rows: pd.DataFrame, names: list[str]) -> dict[str, Slice]:
    """Return the named slices of a plan, each with its accepted human rows that have an answer.

    Args:
        task: The task.
        accepted_rows: All accepted rows.
        names: The names of the slices.

    Returns:
        The slices by name.
    """
    column = slice_column(task)
    human_rows = accepted_rows[
        (accepted_rows["source"] == "human") & (accepted_rows[task.target.field] != "")
    ]
    slices = {}
    for name in names:
        slice_rows = human_rows if column is None else human_rows[human_rows[column] == name]
        rows = [{str(key): str(value) for key, value in row.items()} for row in slice_rows.to_dict("records")]
        slices[name] = Slice(name, column or "", task.target.descriptions.get(name, ""), rows)
    return slices


def written_fields(task: Task) -> list[str]:
    """Return the fields that the chat model writes: the inputs and a free-text target, without the slice column."""
    fields = [*task.inputs, *([] if task.labels else [task.target.field])]
    return [name for name in fields if name != slice_column(task)]
