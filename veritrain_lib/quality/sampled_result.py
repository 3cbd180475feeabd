"""Result of a gate check that examined only some of the rows, or that may not remove rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class SampledResult:
    """Result of a gate check that examined a sample of the rows.

    Attributes:
        reasons: One text a row, as from any check; "" for a row that passes and for one not examined.
        examined: Mask of the rows that were examined; the rule's rejected share is a share of these.
        decides: Whether the rule may remove rows and block the dataset; with False it only warns, whatever its
            severity.
        note: Message for people.
        numbers: Measured numbers by name, each with `value`, `low`, `high` and `n`.
    """

    reasons: pd.Series[str] = field(repr=False)
    examined: pd.Series[bool] = field(repr=False)
    decides: bool = True
    note: str = ""
    numbers: dict[str, dict[str, Any]] = field(default_factory=dict)
