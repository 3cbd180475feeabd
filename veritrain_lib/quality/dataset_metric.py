"""Dataset metric: one number about the whole dataset, and its comparison with the limit of its rule.

Open this to write a check about the dataset as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from veritrain_lib.quality.gx_runner import ExpectationResult

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.quality.context import Context
    from veritrain_lib.quality.suite import Rule

RESAMPLES = 400
"""Bootstrap resamples: the ends of a 95 % interval then move by a few per cent of its width between seeds."""


@dataclass(frozen=True)
class DatasetMetric:
    """One number about the rows that the row checks leave; 0 is best.

    The rule fails when `low` is above the suite's limit: the number is then shown to be above it, not just by chance.

    Attributes:
        value: The number.
        low: Low end of its 95 % interval.
        high: High end of its 95 % interval.
        n: Rows it was measured on. 0 means that there was nothing to compare with: a critical rule is then an error, any
            other one warns.
        note: Message for people.

    Raises:
        ValueError: For numbers out of order or not finite.
    """

    value: float
    low: float
    high: float
    n: int
    note: str = ""

    def __post_init__(self) -> None:
        if not float("-inf") < self.low <= self.value <= self.high < float("inf"):
            raise ValueError(f"a dataset metric needs low <= value <= high, all finite; got {self}")


def not_measured(why: str) -> DatasetMetric:
    """Return a metric that could not be measured for want of rows or of data to compare them with.

    Args:
        why: The reason, shown to people.

    Returns:
        A metric with `n` 0.
    """
    return DatasetMetric(0.0, 0.0, 1.0, 0, f"not measured: {why}")


def verified_result(rule: Rule, metric: DatasetMetric, reported: ExpectationResult) -> ExpectationResult:
    """Check the outcome that Great Expectations reports for a rule about the whole dataset.

    Args:
        rule: The rule.
        metric: The number that its check measured.
        reported: The result of Great Expectations for this number.

    Returns:
        The result of the rule; an error when Great Expectations contradicts the limit, or when a critical rule measured
        nothing.
    """
    if metric.n == 0:
        return ExpectationResult(
            rule.id, False, 0, error=metric.note if rule.severity == "critical" else None
        )
    if reported.success != (metric.low <= rule.limit):
        message = f"Great Expectations says {reported.success} of {metric.low}, limit {rule.limit}"
        return ExpectationResult(rule.id, False, 0, error=message)
    return ExpectationResult(rule.id, reported.success, 0, examined=metric.n, observed=metric.value)


def reference_rows(context: Context) -> pd.DataFrame:
    """Return the rows that a dataset is compared with.

    Args:
        context: Context of the gate.

    Returns:
        Accepted rows written by people (the seed rows); the development rows while there are none.
    """
    accepted = context.accepted_rows
    human = accepted[accepted["source"] == "human"] if len(accepted) else accepted
    return human if len(human) else context.development
