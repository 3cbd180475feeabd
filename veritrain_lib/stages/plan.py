"""The plan: how many new rows each slice should get, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def make_plan(errors: pd.DataFrame, rows: int) -> pd.DataFrame:
    """Share rows out in proportion to the error that each slice could still have.

    `errors` has slice, n, right (the sum of the rows' grades, each 0 to 1). A slice weighs by the upper end of the
    Wilson interval of its error, so that a slice measured on few rows is not taken for perfect; grades between right
    and wrong count as whole rows there, which spread no less. Columns of the answer: slice, n, error, low, high,
    share, rows, why. `rows` adds up to the number asked for (largest remainders).
    """
    import numpy as np

    from veritrain_lib.statistics.intervals import wilson

    plan = errors[["slice", "n"]].copy()
    wrong = (errors["n"] - errors["right"]).astype(float).round(6)
    intervals = [wilson(round(count), int(n)) for count, n in zip(wrong, errors["n"], strict=True)]
    plan["error"] = wrong / errors["n"]
    plan["low"] = [interval.low for interval in intervals]
    plan["high"] = [interval.high for interval in intervals]
    plan["share"] = plan["high"] / plan["high"].sum()
    exact = plan["share"] * rows
    whole = np.floor(exact).astype(int)
    order = np.argsort(-(exact - whole).to_numpy(), kind="stable")
    whole.iloc[order[: rows - int(whole.sum())]] += 1
    plan["rows"] = whole
    plan["why"] = [
        f"{count:.4g} of {n} development rows wrong (up to {high:.0%})"
        for count, n, high in zip(wrong, plan["n"], plan["high"], strict=True)
    ]
    return plan.sort_values(["rows", "slice"], ascending=[False, True]).reset_index(drop=True)
