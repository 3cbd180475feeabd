"""Forecast of a look at the held-out test set: looks left, significance level, power. It reads no row of the set.

Open this to see the numbers that the notebook `05_evaluate` shows before it compares two models.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

DISCORDANCES = (0.02, 0.05, 0.1, 0.2)
"""Assumed shares of test rows on which only one of the two models is right; the power is shown for each."""

POWER = 0.8
"""Probability with which a true gain of the stated size is proven: 0.8."""


@dataclass(frozen=True, repr=False)
class LookForecast:
    """Forecast of a look at the held-out test set: how many are left, and which gain the next can prove.

    A look is a comparison of a new pair of models on the test set. A notebook displays the forecast; changing it
    changes nothing in the evaluation.

    Attributes:
        test_rows: The number of rows of the held-out test set.
        development_rows: The number of development rows, on which a challenger must do well first; 0 for the final
            comparison, which skips that check.
        allowed: The number of looks that the task allows for this purpose.
        spent: The number of looks that are used up.
        look: The number of the look that this pair of models has had or would have; None if none is left.
        is_counted: Whether this pair has had its look, so that comparing it again uses up none.
        level: One-sided significance level of the look; if none is left, the level that equal shares of the error
            budget would give.
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
        """The number of looks (comparisons of two models) at the held-out test set that are left before this one."""
        return max(self.allowed - self.spent, 0)

    def with_rows(self, test: int) -> LookForecast:
        """Return the forecast for a held-out test set of another size, to see how many rows a gain needs.

        Args:
            test: The number of test rows.

        Raises:
            UserError: when the number is below 1.
        """
        if test < 1:
            raise UserError(f"test is {test}; allowed is a number of rows from 1")
        return replace(self, test_rows=test)

    def table(self) -> pd.DataFrame:
        """Return the forecast of a look at the held-out test set as a table with the columns `what` and `value`.

        Its lines are the number of test rows, the looks allowed, used and left, the look of this pair of models, and
        the significance level.
        """
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
        """Return the true gain that is proven with 80 % probability, by the share of rows on which the models differ.

        Returns:
            Columns `differ`, the share of rows on which only one of two equally good models is right, and `gain`, the
            true gain in the share of right answers (NaN if so few rows can prove none). The gain is exact for answers
            that are right or wrong, and a guide for graded answers.
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
