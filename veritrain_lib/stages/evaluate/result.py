"""Result of the evaluate stage: the verdict on the challenger, with the tables and pictures that explain it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from veritrain_lib.stages.stage_result import StageResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from veritrain_lib.reporting.side_by_side import AnswersSideBySide


class HeldOutResult(BaseModel):
    """Numbers of one look (a comparison of two models) at the held-out test set; no row of the set is in them.

    Attributes:
        n: The number of test rows.
        look: The number of the look, from 1.
        look_alpha: The one-sided significance level of this look.
        p: The p-value.
        test: The name of the statistical test.
        champion: The champion's value, on the metric's scale.
        challenger: The challenger's value, on the metric's scale.
        difference: The challenger's gain, on the metric's scale; above 0 is better.
        low: Lower end of the gain's interval.
        high: Upper end of the gain's interval.
        level: Confidence level of the interval.
        detectable: The smallest gain that a test set of this size can detect; None if it is not computed.
        explanation: The decision in sentences.
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
    """Result of the evaluate stage: the verdict on the challenger, and tables of both models.

    Its tables are `predictions` (answers of both models to development rows), `metrics` (both models), `slices`
    (development rows), `confusions` (the challenger's mistakes; with labels, which label was given in place of which),
    `errors_by_slice`, `METRIC_details` for each metric that has details, `sources` (training rows of both models by
    source), `synthetic` (the challenger's trainer with and without its synthetic rows; empty if there are none or
    training takes long), `held_out_slices` (test rows, if the test set was unlocked) and `judge` (a sample of
    development rows, if the task has an LLM judge).

    Attributes:
        champion: The champion's address.
        challenger: The challenger's address.
        verdict: Whether the challenger is `better`, `not better`, or the rows are too few to tell (`inconclusive`).
        promote: Whether the challenger shall become the champion.
        development_gain: The gain on development rows, in the metric's units; above 0 is better.
        development_detectable: The smallest gain that the rows can detect, in the same units; None if none can be.
        screen: Sentences that say whether the gain on development rows was worth a look at the test set, and why.
        held_out: The numbers of the look at the held-out test set; None if it stayed locked.
        looks_spent: Whether no look at the test set was left.
        why: Sentences with the reason for the verdict.
        judge_decides: Whether the judge agrees with people well enough to count; None without a judge.
        judge_note: The judge's numbers in sentences.
        graded: How single rows are graded if the metric is not a mean over rows; empty if it is.
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

    def box_texts(self, metric: str) -> dict[str, str]:
        """Return the text of the evaluation's box in the loop's diagram: verdict and gain, on test or development rows.

        Args:
            metric: The name of the task's primary metric; the text does not depend on it.

        Returns:
            `evaluate`: a text such as `better +0.083 test`; `dev.` if the test set stayed closed.
        """
        gain = self.held_out.difference if self.held_out else self.development_gain
        return {"evaluate": f"{self.verdict} {gain:+.3f} {'test' if self.held_out else 'dev.'}"}

    def picture(self) -> Figure:
        """Return a chart of the challenger's change in each slice.

        It shows test rows if they were unlocked, else development rows.
        """
        from veritrain_lib.reporting.pictures import slice_changes

        rows = self.tables.get("held_out_slices", self.tables["slices"])
        return self._cached_figure("slices", lambda: slice_changes(rows))

    def slices_of(self, which: Literal["development", "held out"]) -> tuple[object, object]:
        """Return a picture and a table of the slices on one set of rows.

        Args:
            which: The set of rows: `development` or `held out` (the test set).

        Returns:
            The picture and the table; if the test set is requested but stayed locked, two sentences that say so.
        """
        from veritrain_lib.reporting.pictures import slice_changes

        if which == "development":
            rows = self.tables["slices"]
            return self._cached_figure("development_slices", lambda: slice_changes(rows)), rows
        if "held_out_slices" not in self.tables:
            return "The held-out test set stayed locked.", "So there are no slices of it."
        return self.picture(), self.tables["held_out_slices"]

    def confused(self) -> Figure:
        """Return a chart of the challenger's most frequent mistakes on development rows."""
        from veritrain_lib.reporting.pictures import confused_pairs

        return self._cached_figure("confused", lambda: confused_pairs(self.tables["confusions"]))

    def stored_pictures(self) -> dict[str, Figure]:
        """Return the pictures that are stored for the report, by name: `slices` and `confused`."""
        return {"slices": self.picture(), "confused": self.confused()}

    def worst(self, rows: int = 10) -> AnswersSideBySide:
        """Return a view of the development rows that the challenger answers worst, both answers side by side.

        Args:
            rows: The largest number of rows to show.
        """
        from veritrain_lib.reporting.side_by_side import AnswersSideBySide

        table = self.tables["predictions"]
        wrong = table[~table["challenger_correct"]].sort_values("challenger_grade", kind="stable")
        return AnswersSideBySide(wrong.head(rows))
