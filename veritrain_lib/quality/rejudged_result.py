"""Result of a gate check that judges the rows accepted earlier again, together with the new ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class RejudgedResult:
    """Result of a gate check that compares new and accepted rows with each other, and so judges both.

    Attributes:
        reasons: One text a new row, as from any check; "" for a row that passes.
        accepted_reasons: One text for each of `context.accepted_rows`, with their index. If the rule's action is
            `quarantine`, an accepted row with a reason leaves the dataset; it does not count in the share of rows that
            the rule rejects.
    """

    reasons: pd.Series[str] = field(repr=False)
    accepted_reasons: pd.Series[str] = field(repr=False)
