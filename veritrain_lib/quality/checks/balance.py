"""Labels or slices that are far more, or far less, frequent than in the seed rows.

The distance is total variation: the share of rows that would need another label for both to have the same shares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.quality.checks.coverage import cut_by
from veritrain_lib.quality.dataset_metric import Measured, nothing_measured, reference_rows
from veritrain_lib.quality.distances import total_variation

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.quality.context import Context


def check(rows: pd.DataFrame, context: Context) -> Measured:
    """How far the shares of labels, or of the values of a slice column, are from those of the seed rows.

    0 (the same shares) to 1 (none in common), of the column that is farthest; the note names each. Seed rows are
    people's trusted rows, development rows while none is trusted. Only rows that the row checks leave count. The 95 %
    interval is a bootstrap of both sides, so that a small batch is not blamed for chance.
    """
    reference = reference_rows(context)
    columns = [name for name in cut_by(context.task) if name in reference.columns and name in rows.columns]
    sides = {
        name: [
            [one for one in side[name].fillna("").astype(str).tolist() if one] for side in (rows, reference)
        ]
        for name in columns
    }
    found = {
        name: total_variation(ours, theirs, context.seed)
        for name, (ours, theirs) in sides.items()
        if ours and theirs
    }
    if not found:
        return nothing_measured("there are no rows with labels or slices to compare on both sides")
    # What is shown to be farthest, not what looks so: a column of many values is far off by chance alone.
    worst = max(found, key=lambda name: found[name][1])
    note = "distance from the seed rows' shares: " + ", ".join(
        f"{name} {one[0]:.2f}" for name, one in found.items()
    )
    return Measured(*found[worst], len(sides[worst][0]), note)
