"""Slices: named subsets of evaluation rows, by columns and by length, as the task file defines them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.core.rows import length

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.core.task import Task


def slice_masks(task: Task, rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return a boolean mask of shape (rows,) for each slice: `label=refund_request`, `text words <=8`, ...

    The values come from the rows themselves. Every row is in exactly one slice of each column and of the length bands.
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
