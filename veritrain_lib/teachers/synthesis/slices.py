"""The slices of a plan, and the human rows of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task

ALL_ROWS = "all rows"
"""The one slice of a task with a free-text target and no slice columns."""


@dataclass(frozen=True)
class Slice:
    """A slice value with its human rows, the only ones that a prompt may show.

    Attributes:
        name: The value.
        column: The column; empty when all rows are one slice.
        description: The description of the label in the task file.
        human_rows: Its human rows.
    """

    name: str
    column: str
    description: str
    human_rows: list[dict[str, str]] = field(default_factory=list, repr=False)


def slice_column(task: Task) -> str | None:
    """Return the column whose values are the slices of a plan: the target when it has labels, else the first slice column.

    Returns:
        The column; None for a free-text target without slice columns, where all rows are one slice.
    """
    if task.labels:
        return task.target.field
    return task.slices.by[0] if task.slices.by else None


def slices_of(task: Task, accepted_rows: pd.DataFrame, names: list[str]) -> dict[str, Slice]:
    """Return the named slices, with the accepted rows of source `human` that have an answer, in their order."""
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
    """Return the fields that the model writes: inputs and a free-text target, but not the slice column."""
    fields = [*task.inputs, *([] if task.labels else [task.target.field])]
    return [name for name in fields if name != slice_column(task)]
