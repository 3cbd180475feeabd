"""The effect of added rows: the same trainer with them compared with the same trainer without them."""

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
    """Count training rows by source (human, synthetic, pool): columns source, rows, share."""
    counts = rows["source"].value_counts().rename_axis("source").rename("rows").reset_index()
    counts["share"] = counts["rows"] / max(len(rows), 1)
    return counts.sort_values("source", ignore_index=True)


def empty_comparison() -> pd.DataFrame:
    """Return the table of `with_against_without` without any row."""
    import pandas as pd

    return pd.DataFrame(columns=list(COLUMNS))


def with_against_without(
    without: pd.DataFrame, with_rows: pd.DataFrame, rows_without: int, rows_with: int, *, seed: int
) -> pd.DataFrame:
    """Compare the grades of two models on the same development rows: one trained with added rows, one without.

    The test is exact McNemar for right-or-wrong grades, else a sign-flip test; two-sided, with a 95 % interval.

    Args:
        without: Columns id and grade of the model without the added rows.
        with_rows: Columns id and grade of the model with them.
        rows_without: The number of training rows of the first.
        rows_with: The number of training rows of the second.
        seed: Seed of the test.

    Returns:
        One row with the columns `COLUMNS`; `ratio` is the number of added rows over that of the others.
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
