"""Gate rules about a dataset as a whole: one number, compared with the limit of its rule.

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
"""Number of bootstrap resamples of a dataset metric.

With this number the ends of a 95 % interval move by a few per cent of the interval's width between seeds.
"""


@dataclass(frozen=True)
class DatasetMetric:
    """One number that a gate check measures on the whole dataset; 0 is best.

    The rule fails if `low` is above the suite's limit: the number is then shown to be above it, not just by chance.

    Attributes:
        value: The number.
        low: Low end of its 95 % interval.
        high: High end of its 95 % interval.
        n: Number of rows it was measured on. With 0 there was nothing to compare; a critical rule is then an error, any
            other one a warning.
        note: Message for people.

    Raises:
        ValueError: The numbers are not finite or not in the order low, value, high.
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
    """Return a dataset metric that could not be measured, for lack of rows or of data to compare them with.

    Args:
        why: The reason, shown to people.

    Returns:
        A metric with `n` 0.
    """
    return DatasetMetric(0.0, 0.0, 1.0, 0, f"not measured: {why}")


def verified_result(rule: Rule, metric: DatasetMetric, reported: ExpectationResult) -> ExpectationResult:
    """Compare what Great Expectations reports for a rule about the whole dataset with the rule's limit.

    Args:
        rule: The rule.
        metric: The number that the rule's check measured.
        reported: The result of Great Expectations for this number.

    Returns:
        The result of the rule; an error if Great Expectations contradicts the limit, or if a critical rule measured
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
    """Return the rows with which the gate compares a dataset: accepted rows that people wrote (the seed rows).

    Args:
        context: Context of the gate.

    Returns:
        The seed rows; the development rows as long as there are none.
    """
    accepted = context.accepted_rows
    human = accepted[accepted["source"] == "human"] if len(accepted) else accepted
    return human if len(human) else context.development
