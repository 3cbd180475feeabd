"""Generation plan of a round: the number of new rows for each slice, by the model's errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def make_plan(errors: pd.DataFrame, rows: int) -> pd.DataFrame:
    """Divide a number of new rows among slices, in proportion to the largest plausible error rate of each slice.

    The weight of a slice is the upper end of the Wilson interval of its error rate, so that a slice with few rows and
    no error still gets some. The sum of wrong grades is rounded to whole rows for the interval.

    Args:
        errors: Columns `slice`, `n` (development rows) and `right` (sum of their grades, each 0 to 1).
        rows: The number of rows to divide.

    Returns:
        Columns slice, n, error, low, high, share, rows, why. The column `rows` adds up to the number to divide (largest
        remainder method); the slice with most rows comes first.
    """
    import numpy as np

    from veritrain_lib.statistics.intervals import wilson

    plan = errors[["slice", "n"]].copy()
    wrong_sums = (errors["n"] - errors["right"]).astype(float).round(6)
    intervals = [
        wilson(round(wrong_sum), int(n)) for wrong_sum, n in zip(wrong_sums, errors["n"], strict=True)
    ]
    plan["error"] = wrong_sums / errors["n"]
    plan["low"] = [interval.low for interval in intervals]
    plan["high"] = [interval.high for interval in intervals]
    plan["share"] = plan["high"] / plan["high"].sum()
    exact_rows = plan["share"] * rows
    whole_rows = np.floor(exact_rows).astype(int)
    order = np.argsort(-(exact_rows - whole_rows).to_numpy(), kind="stable")
    whole_rows.iloc[order[: rows - int(whole_rows.sum())]] += 1
    plan["rows"] = whole_rows
    plan["why"] = [
        f"{wrong_sum:.4g} of {n} development rows wrong (up to {high:.0%})"
        for wrong_sum, n, high in zip(wrong_sums, plan["n"], plan["high"], strict=True)
    ]
    return plan.sort_values(["rows", "slice"], ascending=[False, True]).reset_index(drop=True)
