"""Result of the generate stage: the plan, the new rows, and the outcome of each requested row."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from veritrain_lib.stages.stage_result import StageResult

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


class GenerateResult(StageResult):
    """Result of the generate stage: the plan, the new rows, and the outcome of the requested rows.

    Its tables are `rows` (the new rows), `waiting` (rows that people must answer first), `plan`, and for a paid teacher
    `endings` (number of requested rows by slice, outcome and reason; outcomes are done, refused, filtered, invalid,
    failed). The stage's outcome is `blocked` if one rule rejected most of the pool, so that no row is left to choose.

    With the teacher `pool` there are also `no_label` (chosen rows to which people answered that no label fits) and, where rows
    of no label are held back, `new_labels` (groups of such rows that could be labels of their own).

    Attributes:
        asked: The number of rows requested.
        left: The number of further rows that the teacher could give; None if unknown.
        screened: The number of rows that gate rules rejected early, by rule. These rules need no label: they judge pool
            rows before the choice, and generated rows before they are kept.
    """

    VIEWS: ClassVar[tuple[str, ...]] = ("rows",)

    asked: int
    left: int | None = None
    screened: dict[str, int] = Field(default_factory=dict)

    def endings(self) -> pd.DataFrame:
        """Return a table of what became of the requested rows: columns `slice`, `outcome`, `reason` and `rows`.

        For the teacher `pool`, the table lists the pool rows that gate rules rejected, by rule.
        """
        import pandas as pd

        if "endings" in self.tables:
            table: pd.DataFrame = self.tables["endings"]
            return table
        lines = [("", "screened out", rule, rows) for rule, rows in sorted(self.screened.items())]
        return pd.DataFrame(lines, columns=["slice", "outcome", "reason", "rows"])

    def box_texts(self, metric: str) -> dict[str, str]:
        """Return the texts of the boxes `plan` and `generate` in the loop's diagram, such as `48 new rows`.

        Args:
            metric: The name of the task's primary metric; the texts do not depend on it.

        Returns:
            `plan`: numbers of planned rows and of slices; `generate`: number of new rows. While rows wait for people's
            answers, there is only `generate`, with the number of these rows.
        """
        if self.outcome == "waiting":
            return {"generate": f"{len(self.tables['waiting'])} rows wait for people"}
        plan, new = self.tables["plan"], self.measures["rows_generated"].value
        summary = f"{int(plan['rows'].sum())} rows for {len(plan)} slices"
        return {"plan": summary, "generate": f"{new:.0f} new rows"}

    def picture(self) -> Figure:
        """Return a chart of the plan: the model's error rate in each slice, and the number of rows the slice gets."""
        from veritrain_lib.reporting.pictures import plan

        return plan(self.tables["plan"])
