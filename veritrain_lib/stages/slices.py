"""Slices: named subsets of the evaluation rows, by a column's values or by text length."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.core.rows import length

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.core.task import Task


def slice_masks(task: Task, rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return a boolean mask over the rows for each slice of a task.

    The values of the slice columns are those that occur in the rows. Each row is in exactly one slice per column, and
    in exactly one length band where the task has length bands.

    Returns:
        Arrays of shape (rows,), by the name of the slice, such as `intent=refund` or `text words <=5`.
    """
    masks: dict[str, np.ndarray] = {}
    for column in task.slices.by:
        for value in sorted(rows[column].unique()):
            masks[f"{column}={value}"] = (rows[column] == value).to_numpy()
    if task.slices.length_of and task.slices.length_bands:
        words = length(rows[task.slices.length_of])
        name, low = f"{task.slices.length_of} words", -1
        for high in task.slices.length_bands:
            # The first band also holds rows without any word.
            band = f"<={high}" if low < 0 else f"{low + 1}-{high}"
            masks[f"{name} {band}"] = ((words > low) & (words <= high)).to_numpy()
            low = high
        masks[f"{name} >{low}"] = (words > low).to_numpy()
    return masks
