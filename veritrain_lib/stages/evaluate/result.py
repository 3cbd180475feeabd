"""The result of the evaluate stage: the verdict, and the tables and pictures that show why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from veritrain_lib.stages.stage_result import StageResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from veritrain_lib.reporting.side_by_side import AnswersSideBySide


class HeldOutResult(BaseModel):
    """The result of a look at the held-out test set, without its rows.

    Attributes:
        n: The number of rows.
        look: The number of the look, from 1.
        look_alpha: The one-sided significance level of this look.
        p: The p-value.
        test: The name of the test.
        champion: The champion's value, on the metric's scale.
        challenger: The challenger's value, on the metric's scale.
        difference: The gain of the challenger, on the metric's scale.
        low: Low end of its interval.
        high: High end of its interval.
        level: The level of the interval.
        detectable: The gain that a set of this size can show; None where it is not computed.
        explanation: The decision in words.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    n: int
    look: int
    look_alpha: float
    p: float
    test: str
    champion: float
    challenger: float
    difference: float
    low: float
    high: float
    level: float
    detectable: float | None
    explanation: str


class EvaluateResult(StageResult):
    """The result of an evaluation.

    Tables: `predictions` (development rows, both models), `slices` (of development rows), `confusions` (the challenger's
    mistakes; with labels, which label was taken for which), `errors_by_slice`, `METRIC_details` for each metric that
    has details, `sources` (training rows of both models by source), `synthetic` (the challenger's trainer with its
    synthetic rows compared with without them; empty where there are none or training takes long), `metrics` (both
    models), `held_out_slices` (of the held-out test set) when that was unlocked, and `judge` (a sample of development
    rows) when the task has a judge.

    Attributes:
        champion: The champion's address.
        challenger: The challenger's address.
        verdict: Whether the challenger is better.
        promote: Whether the challenger is to be promoted.
        development_gain: The gain on development rows, in the metric's units; above 0 is better.
        development_detectable: The gain that the development rows can show, in the same units.
        screen: The explanation of the development screen.
        held_out: The result of the look at the held-out test set; None where it stayed locked.
        looks_spent: Whether no look was left.
        why: The reason for the verdict, in words.
        judge_decides: Whether the judge agrees with people well enough to count; None without a judge.
        judge_note: The judge's numbers in words.
        graded: By what slices, screen and plan are measured where the metric is no mean of rows; empty where it is.
    """

    champion: str
    challenger: str
    verdict: Literal["better", "not better", "inconclusive"]
    promote: bool
    development_gain: float
    development_detectable: float | None = None
    screen: str = ""
    held_out: HeldOutResult | None = None
    looks_spent: bool = False
    why: str = ""
    judge_decides: bool | None = None
    judge_note: str = ""
    graded: str = ""

    def picture(self) -> Figure:
        """Draw the change in every slice, with intervals: of the held-out test set if unlocked, else of development."""
        from veritrain_lib.reporting.pictures import slice_changes

        rows = self.tables.get("held_out_slices", self.tables["slices"])
        return self._cached_figure("slices", lambda: slice_changes(rows))

    def slices_of(self, which: Literal["development", "held out"]) -> tuple[object, object]:
        """Return the picture and the table of the slices of one set; two sentences where the test set stayed locked."""
        from veritrain_lib.reporting.pictures import slice_changes

        if which == "development":
            rows = self.tables["slices"]
            return self._cached_figure("development_slices", lambda: slice_changes(rows)), rows
        if "held_out_slices" not in self.tables:
            return "The held-out test set stayed locked.", "So there are no slices of it."
        return self.picture(), self.tables["held_out_slices"]

    def confused(self) -> Figure:
        """Draw the challenger's most frequent mistakes on development rows."""
        from veritrain_lib.reporting.pictures import confused_pairs

        return self._cached_figure("confused", lambda: confused_pairs(self.tables["confusions"]))

    def stored_pictures(self) -> dict[str, Figure]:
        """Return the pictures `slices` and `confused`."""
        return {"slices": self.picture(), "confused": self.confused()}

    def worst(self, rows: int = 10) -> AnswersSideBySide:
        """Show the development rows that the challenger answers worst, side by side, with differences marked."""
        from veritrain_lib.reporting.side_by_side import AnswersSideBySide

        table = self.tables["predictions"]
        wrong = table[~table["challenger_correct"]].sort_values("challenger_grade", kind="stable")
        return AnswersSideBySide(wrong.head(rows))
