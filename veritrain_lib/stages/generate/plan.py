"""The plan of a round: how many new rows each slice should get, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def make_plan(errors: pd.DataFrame, rows: int) -> pd.DataFrame:
    """Divide new rows among slices in proportion to the largest plausible error of each slice.

    The weight of a slice is the upper end of the Wilson interval of its error, so that a slice measured on few rows is
    not taken for perfect. Grades between right and wrong count as whole rows in the interval, whose spread is not
    smaller.

    Args:
        errors: Columns slice, n, and right, the sum of the rows' grades, each 0 to 1.
        rows: The number of rows to divide.

    Returns:
        Columns slice, n, error, low, high, share, rows, why. The column `rows` sums to the number of rows to divide
        (largest remainders).
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
