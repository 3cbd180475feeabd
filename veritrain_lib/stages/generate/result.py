"""The result of the generate stage: the plan, the new rows, and what became of every requested row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from veritrain_lib.stages.stage_result import StageResult

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


class GenerateResult(StageResult):
    """The result of the generate stage.

    Tables: `rows` (the new examples), `waiting` (rows that people must answer first), `plan` (the plan), and, for a paid
    teacher, `endings` (the outcome of every requested row: slice, outcome (done, refused, filtered, invalid, failed),
    reason, rows). The stage's outcome is `blocked` when one rule rejected most of a pool and nothing is left of it.

    Attributes:
        asked: The number of rows requested.
        left: How many more rows the teacher could give; None where that is unknown.
        screened: Rows that rules which need no label rejected, by rule: of a pool before choosing, of generated rows
            before they are kept.
    """

    asked: int
    left: int | None = None
    screened: dict[str, int] = Field(default_factory=dict)

    def endings(self) -> pd.DataFrame:
        """Return the outcomes of requested rows: slice, outcome, reason, rows.

        For a pool these are the rows that the suite's rules rejected, by rule.
        """
        import pandas as pd

        if "endings" in self.tables:
            table: pd.DataFrame = self.tables["endings"]
            return table
        lines = [("", "screened out", rule, rows) for rule, rows in sorted(self.screened.items())]
        return pd.DataFrame(lines, columns=["slice", "outcome", "reason", "rows"])

    def picture(self) -> Figure:
        """Draw the plan: where the model fails, and how many rows each slice should get."""
        from veritrain_lib.reporting.pictures import plan

        return plan(self.tables["plan"])
