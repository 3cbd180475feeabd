"""Effect of added training rows: the model trained with them compared with the model trained without them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "rows_without",
    "rows_with",
    "ratio",
    "grade_without",
    "grade_with",
    "difference",
    "low",
    "high",
    "p",
    "n",
)


def sources_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Count training rows by their source.

    Returns:
        One row per source, with the columns `source` (human, synthetic or pool), `rows` (their number), `share` (0 to
        1).
    """
    counts = rows["source"].value_counts().rename_axis("source").rename("rows").reset_index()
    counts["share"] = counts["rows"] / max(len(rows), 1)
    return counts.sort_values("source", ignore_index=True)


def empty_effect() -> pd.DataFrame:
    """Return a table with the columns of `effect_of_added_rows` and no rows, for when there is nothing to compare."""
    import pandas as pd

    return pd.DataFrame(columns=list(COLUMNS))


def effect_of_added_rows(
    without: pd.DataFrame, with_rows: pd.DataFrame, rows_without: int, rows_with: int, *, seed: int
) -> pd.DataFrame:
    """Compare two models on the same development rows: one trained with the added rows, one trained without them.

    The paired test is exact McNemar if every grade is 0 or 1, and a sign-flip test otherwise; both are two-sided.

    Args:
        without: The grades of the model trained without the added rows: columns `id` and `grade` (0 to 1).
        with_rows: The grades of the model trained with them, in the same columns.
        rows_without: The number of training rows without the added ones.
        rows_with: The number of training rows with the added ones.
        seed: Random seed of the test.

    Returns:
        A table of one row with the columns `COLUMNS`: both numbers of rows, `ratio` (added rows divided by the rows
        before), both mean grades, their difference with its 95 % interval, the p-value, and the number of compared
        rows.
    """
    import pandas as pd

    from veritrain_lib.statistics.evidence import compare_paired

    pair = without.merge(with_rows, on="id", suffixes=("_without", "_with"))
    effect = compare_paired(pair["grade_without"], pair["grade_with"], seed=seed)
    row = [
        rows_without,
        rows_with,
        (rows_with - rows_without) / max(rows_without, 1),
        pair["grade_without"].mean(),
        pair["grade_with"].mean(),
        effect.difference,
        effect.low,
        effect.high,
        effect.p,
        effect.n,
    ]
    return pd.DataFrame([row], columns=list(COLUMNS))
