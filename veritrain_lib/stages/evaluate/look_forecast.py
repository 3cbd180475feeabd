"""Forecast of a look at the held-out test set: looks left, level and power. No row of the set is read for it.

Open this to see the numbers that `05_evaluate` shows before it compares two models.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

DISCORDANCES = (0.02, 0.05, 0.1, 0.2)
"""Shares of rows on which one model alone is right, for which the power is shown; the true share is unknown before."""

POWER = 0.8
"""Probability with which the stated gain is shown."""


@dataclass(frozen=True, repr=False)
class LookForecast:
    """The looks that are left, and the gain that the next one can show. Shows itself in a notebook.

    It is a forecast and no setting: changing it changes nothing in the evaluation or in the plan of looks.

    Attributes:
        test_rows: Rows of the held-out test set.
        development_rows: Development rows, on which a challenger must do well first; 0 for the final comparison, which
            has no such screen.
        allowed: Looks that the plan allows for this purpose.
        spent: Looks that are spent.
        look: Number of the look that this pair has or would take; None when none is left.
        is_counted: Whether this pair has had its look: comparing it again costs none.
        level: One-sided significance level of the look; where none is left that of an equal share.
    """

    test_rows: int
    development_rows: int
    allowed: int
    spent: int
    look: int | None
    is_counted: bool
    level: float

    @property
    def left(self) -> int:
        """Looks that are left before this comparison."""
        return max(self.allowed - self.spent, 0)

    def with_rows(self, test: int) -> LookForecast:
        """Return the forecast for a held-out test set of another size, to see how many rows a gain needs.

        Raises:
            UserError: when the number of rows is below 1.
        """
        if test < 1:
            raise UserError(f"test is {test}; allowed is a number of rows from 1")
        return replace(self, test_rows=test)

    def table(self) -> pd.DataFrame:
        """Return the counts as a table: what, value."""
        import pandas as pd

        if self.look is None:
            this = "no look is left: the test set stays locked"
        elif self.is_counted:
            this = f"look {self.look}, counted before: it costs none"
        else:
            this = f"look {self.look}, if the development rows open the test set"
        lines = [
            ("held-out test rows", f"{self.test_rows}"),
            ("looks allowed for this purpose", f"{self.allowed}"),
            ("looks spent", f"{self.spent}"),
            ("looks left", f"{self.left}"),
            ("this pair of models", this),
            ("one-sided significance level", f"{self.level:.4g}"),
        ]
        return pd.DataFrame(lines, columns=["what", "value"])

    def power(self) -> pd.DataFrame:
        """Return the gain that the whole decision shows with 80 % probability, by the share of rows that differ.

        Returns:
            Columns `differ`, the share of rows on which one of two equally good models alone is right, and `gain`, the
            true gain in the share of right answers (NaN where so few rows can show none). It is exact for answers that
            are right or wrong, and a guide for graded ones.
        """
        import pandas as pd

        from veritrain_lib.statistics.detectable import detectable_gain

        gains = [
            detectable_gain(self.development_rows, self.test_rows, differ, self.level, POWER)
            for differ in DISCORDANCES
        ]
        return pd.DataFrame({"differ": DISCORDANCES, "gain": pd.Series(gains, dtype=float)})

    def __repr__(self) -> str:
        return f"{self.table().to_string(index=False)}\n\n{self.power().to_string(index=False)}"

    def _repr_html_(self) -> str:
        from veritrain_lib.reporting.html import table_html

        return table_html(self.table(), "Looks at the held-out test set") + table_html(
            self.power(), f"Gain shown with {POWER:.0%} probability, by the share of rows that differ"
        )
