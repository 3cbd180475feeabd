"""What rows did: the same trainer with them against without them, and what a model was trained on."""

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
    """Training rows by source (human, synthetic, pool): source, rows, share."""
    counts = rows["source"].value_counts().rename_axis("source").rename("rows").reset_index()
    counts["share"] = counts["rows"] / max(len(rows), 1)
    return counts.sort_values("source", ignore_index=True)


def no_comparison() -> pd.DataFrame:
    """The table of `with_against_without` without a line."""
    import pandas as pd

    return pd.DataFrame(columns=list(COLUMNS))


def with_against_without(
    without: pd.DataFrame, with_rows: pd.DataFrame, rows_without: int, rows_with: int, *, seed: int
) -> pd.DataFrame:
    """One line: the mean grades of two predictions of the same development rows (id, grade), and their difference.

    `ratio` is the added rows over the others. The test is exact McNemar for right-or-wrong grades, else sign flips;
    two-sided, with a 95 % interval.
    """
    import pandas as pd

    from veritrain_lib.statistics.evidence import change

    pair = without.merge(with_rows, on="id", suffixes=("_without", "_with"))
    found = change(pair["grade_without"], pair["grade_with"], seed=seed)
    line = [
        rows_without,
        rows_with,
        (rows_with - rows_without) / max(rows_without, 1),
        pair["grade_without"].mean(),
        pair["grade_with"].mean(),
        found.difference,
        found.low,
        found.high,
        found.p,
        found.n,
    ]
    return pd.DataFrame([line], columns=list(COLUMNS))
