"""What a check hands back when it looked only at some of the rows, or may not decide."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Sampled:
    """A check's findings on a sample.

    `reasons` is what every check gives: one text a row, "" for a good one and for one not looked at. `looked`
    says which rows were looked at: they alone are the denominator of the rule's share. With `decides` False the
    rule only warns: it removes no row and blocks nothing, whatever its severity. `note` tells people what was
    found; `numbers` are measures by name, each with `value`, `low`, `high` and `n`.
    """

    reasons: pd.Series[str] = field(repr=False)
    looked: pd.Series[bool] = field(repr=False)
    decides: bool = True
    note: str = ""
    numbers: dict[str, dict[str, Any]] = field(default_factory=dict)
