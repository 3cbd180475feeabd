"""Gate check for labels and slices that are missing from the new rows.

A label or slice that no row has can't be learned, however many rows there are.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from veritrain_lib.quality.dataset_metric import DatasetMetric, not_measured, reference_rows

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.quality.context import Context

MAXIMUM_NAMED = 8


def check(rows: pd.DataFrame, context: Context, *, minimum: Annotated[int, Field(ge=1)] = 1) -> DatasetMetric:
    """Measure the share of labels and slices that have too few new rows.

    The metric runs from 0 to 1. The labels are the task's; the slices are the values that the columns `slices.by` have
    in the seed rows (accepted rows that people wrote, or the development rows as long as there are none). Only rows
    that no row check rejected count. The metric is an exact count, so its interval has no width.

    Args:
        rows: Rows to check.
        context: Task and reference data.
        minimum: Number of rows that each label and slice needs.

    Returns:
        The metric with its 95 % interval and a note.
    """
    expected = _expected_groups(context)
    if not expected:
        return not_measured("the task lists no labels, and no slice of the seed rows is known")
    if not len(rows):
        return not_measured("no row is left")
    counts = {
        name: Counter(rows[name].astype(str).tolist())
        for name in group_columns(context.task)
        if name in rows.columns
    }
    missing = [
        f"{name} {value} has {count}"
        for name, value in expected
        if (count := counts.get(name, Counter())[value]) < minimum
    ]
    share = len(missing) / len(expected)
    more = f" and {len(missing) - MAXIMUM_NAMED} more" if len(missing) > MAXIMUM_NAMED else ""
    note = f"fewer than {minimum} rows: {', '.join(missing[:MAXIMUM_NAMED])}{more}" if missing else ""
    return DatasetMetric(share, share, share, len(rows), note)


def group_columns(task: Task) -> list[str]:
    """Return the columns by whose values the gate counts rows.

    Args:
        task: The task.

    Returns:
        The target if it is a label, and the columns of the slices; each name once.
    """
    return list(dict.fromkeys([*([task.target.field] if task.labels else []), *task.slices.by]))


def _expected_groups(context: Context) -> list[tuple[str, str]]:
    task, reference = context.task, reference_rows(context)
    values = {name: set(reference[name].dropna().astype(str)) - {""} if name in reference.columns else set()
              for name in group_columns(task)}  # fmt: skip
    if task.labels:
        values[task.target.field] = set(task.labels)
    return [(name, value) for name in values for value in sorted(values[name])]
