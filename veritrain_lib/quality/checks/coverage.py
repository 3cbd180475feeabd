"""Labels and slices that the new rows leave out.

What is missing from the rows can't be learned from them, however many there are.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from veritrain_lib.quality.dataset_metric import Measured, nothing_measured, reference_rows

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.quality.context import Context

NAMED = 8


def check(rows: pd.DataFrame, context: Context, *, minimum: Annotated[int, Field(ge=1)] = 1) -> Measured:
    """The share of labels and slices (0 to 1) with fewer than `minimum` of the rows that the row checks leave.

    Labels are the task's; slices are the values that the columns `slices.by` have in the seed rows (people's
    trusted rows; development rows while none is trusted). A count, so its interval has no width.
    """
    wanted = _wanted(context)
    if not wanted:
        return nothing_measured("the task lists no labels, and no slice of the seed rows is known")
    if not len(rows):
        return nothing_measured("no row is left")
    have = {
        name: Counter(rows[name].astype(str).tolist())
        for name in cut_by(context.task)
        if name in rows.columns
    }
    short = [
        f"{name} {value} has {count}"
        for name, value in wanted
        if (count := have.get(name, Counter())[value]) < minimum
    ]
    share = len(short) / len(wanted)
    more = f" and {len(short) - NAMED} more" if len(short) > NAMED else ""
    note = f"fewer than {minimum} rows: {', '.join(short[:NAMED])}{more}" if short else ""
    return Measured(share, share, share, len(rows), note)


def cut_by(task: Task) -> list[str]:
    """The columns whose values rows are counted by: the target of a task with labels, and the slices'."""
    return list(dict.fromkeys([*([task.target.field] if task.labels else []), *task.slices.by]))


def _wanted(context: Context) -> list[tuple[str, str]]:
    task, reference = context.task, reference_rows(context)
    values = {name: set(reference[name].dropna().astype(str)) - {""} if name in reference.columns else set()
              for name in cut_by(task)}  # fmt: skip
    if task.labels:
        values[task.target.field] = set(task.labels)
    return [(name, value) for name in values for value in sorted(values[name])]
