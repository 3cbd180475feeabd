"""What a plan is made by, and what each of its slices is."""

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
    """A slice value with its people's rows: the only ones that a prompt may show."""

    name: str
    column: str
    description: str
    human: list[dict[str, str]] = field(default_factory=list, repr=False)


def slice_column(task: Task) -> str | None:
    """The column whose values are planned by: the target when it has labels, else the first slice column.

    None for a free-text target without slice columns: then all rows are one slice.
    """
    if task.labels:
        return task.target.field
    return task.slices.by[0] if task.slices.by else None


def slices_of(task: Task, trusted: pd.DataFrame, names: list[str]) -> dict[str, Slice]:
    """The named slices, with the trusted rows of source `human` that have an answer, in their order."""
    column = slice_column(task)
    human = trusted[(trusted["source"] == "human") & (trusted[task.target.field] != "")]
    found = {}
    for name in names:
        own = human if column is None else human[human[column] == name]
        rows = [{str(key): str(value) for key, value in row.items()} for row in own.to_dict("records")]
        found[name] = Slice(name, column or "", task.target.descriptions.get(name, ""), rows)
    return found


def written_fields(task: Task) -> list[str]:
    """The fields that the model writes: inputs and, when it is free text, the target; never the slice's own."""
    fields = [*task.inputs, *([] if task.labels else [task.target.field])]
    return [name for name in fields if name != slice_column(task)]
