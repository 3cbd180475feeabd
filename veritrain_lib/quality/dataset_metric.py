"""What a check hands back that measures the dataset as a whole, and how the number is held against its limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from veritrain_lib.quality.gx_runner import Result

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.quality.context import Context
    from veritrain_lib.quality.suite import Rule

RESAMPLES = 400
"""Bootstrap resamples: the ends of a 95 % interval then move by a few per cent of its width between seeds."""


@dataclass(frozen=True)
class Measured:
    """One number about the rows that the row checks leave; 0 is best.

    `low` to `high` is its 95 % interval and `n` the rows it was measured on. The rule fails when `low` is above the
    suite's limit: then it is shown to be above, not just by chance. `n` 0 means that there was nothing to compare
    with: a critical rule is then an error, any other warns. `note` tells people what was found.

    Raises ValueError for numbers out of order or not finite.
    """

    value: float
    low: float
    high: float
    n: int
    note: str = ""

    def __post_init__(self) -> None:
        if not float("-inf") < self.low <= self.value <= self.high < float("inf"):
            raise ValueError(f"a measure needs low <= value <= high, all finite; got {self}")


def nothing_measured(why: str) -> Measured:
    """A measure that could not be taken for want of rows or of something to compare them with."""
    return Measured(0.0, 0.0, 1.0, 0, f"not measured: {why}")


def judged(rule: Rule, found: Measured, said: Result) -> Result:
    """The result of a rule about the whole dataset: what Great Expectations `said` of the number, checked."""
    if found.n == 0:
        return Result(rule.id, False, 0, error=found.note if rule.severity == "critical" else None)
    if said.success != (found.low <= rule.limit):
        told = f"Great Expectations says {said.success} of {found.low}, limit {rule.limit}"
        return Result(rule.id, False, 0, error=told)
    return Result(rule.id, said.success, 0, looked=found.n, observed=found.value)


def reference_rows(context: Context) -> pd.DataFrame:
    """What a dataset is compared with: people's trusted rows (the seed), or development rows while none is trusted."""
    trusted = context.trusted
    people = trusted[trusted["source"] == "human"] if len(trusted) else trusted
    return people if len(people) else context.development
