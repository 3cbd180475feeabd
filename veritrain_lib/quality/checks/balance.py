"""Gate check for labels or slices that are far more, or far less, frequent than in the seed rows.

Seed rows are accepted rows that people wrote. The distance is total variation: the share of rows that would need
another label to give both sets the same shares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.quality.checks.coverage import group_columns
from veritrain_lib.quality.dataset_metric import DatasetMetric, not_measured, reference_rows
from veritrain_lib.quality.distances import total_variation

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.quality.context import Context


def check(rows: pd.DataFrame, context: Context) -> DatasetMetric:
    """Measure how far the shares of labels and slice values are from those of the seed rows.

    The metric runs from 0 (the same shares) to 1 (none in common) and is that of the column that differs most; the note
    names the distance of each column. Seed rows are accepted rows that people wrote, or the development rows as long as
    there are none. Only rows that no row check rejected count. The 95 % interval is a bootstrap of both sides, so that
    a small batch is not rejected because of chance.

    Args:
        rows: Rows to check.
        context: Task and reference data.

    Returns:
        The metric with its 95 % interval and a note.
    """
    reference = reference_rows(context)
    columns = [
        name for name in group_columns(context.task) if name in reference.columns and name in rows.columns
    ]
    sides = {
        name: [
            [value for value in side[name].fillna("").astype(str).tolist() if value]
            for side in (rows, reference)
        ]
        for name in columns
    }
    distances = {
        name: total_variation(ours, theirs, context.seed)
        for name, (ours, theirs) in sides.items()
        if ours and theirs
    }
    if not distances:
        return not_measured("there are no rows with labels or slices to compare on both sides")
    # By the low end of the interval: a column of many values is far off by chance alone.
    worst = max(distances, key=lambda name: distances[name][1])
    note = "distance from the seed rows' shares: " + ", ".join(
        f"{name} {distance[0]:.2f}" for name, distance in distances.items()
    )
    return DatasetMetric(*distances[worst], len(sides[worst][0]), note)
