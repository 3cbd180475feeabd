"""Comparison of champion and challenger on development rows, which can't promote a model by itself.

Open this for all that an evaluation knows before the held-out test set is unlocked: the gain with its interval, the
screen (is the gain large enough to be worth a test?), and the opinion of an LLM judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from veritrain_lib.stages.evaluate import evaluation_tables
from veritrain_lib.stages.evaluate.answered_rows import AnsweredRows

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.judging.comparison import JudgedPair
    from veritrain_lib.judging.judge import Judge
    from veritrain_lib.metrics.base import Metric
    from veritrain_lib.statistics.screen import Screen
    from veritrain_lib.statistics.slices import SliceVerdict


@dataclass(frozen=True)
class DevelopmentComparison:
    """Comparison of champion and challenger on development rows.

    Attributes:
        answered: The rows with the responses of both models.
        metrics: One row per metric, see `evaluation_tables.metric_table`.
        slices: For each slice, whether the challenger is worse there.
        screen: The decision whether the gain is large enough to be worth a look at the held-out test set.
        judged: The comparison by the task's LLM judge; None if the task has no judge.
    """

    answered: AnsweredRows
    metrics: pd.DataFrame
    slices: tuple[SliceVerdict, ...]
    screen: Screen
    judged: JudgedPair | None

    @property
    def gain(self) -> float:
        """The challenger's gain in the primary metric, in its units; above 0 is better, also for error metrics."""
        difference = float(self.metrics.iloc[0]["difference"])
        return difference if self.answered.primary.higher_is_better else -difference

    @property
    def largest_gain(self) -> float:
        """Upper end of the 95 % interval of the challenger's gain, on a scale of -1 to 1."""
        metric, primary_row = self.answered.primary, self.metrics.iloc[0]
        largest = primary_row["high"] if metric.higher_is_better else -primary_row["low"]
        return float(largest) / metric.scale

    @property
    def detectable(self) -> float | None:
        """The smallest true gain that this evaluation proves with 80 % probability, in the metric's units, or None.

        It is None if development and test rows are too few to prove any gain.
        """
        smallest = self.screen.detectable
        return None if smallest is None else self.answered.primary.scale * smallest

    @property
    def judge_vetoes(self) -> bool:
        """Whether an LLM judge that agrees with people well enough is sure that the champion is better."""
        return self.judged is not None and self.judged.vetoes

    @property
    def graded(self) -> str:
        """A note on how single rows are graded if the primary metric is not a mean over rows; empty if it is."""
        if self.answered.primary_is_mean:
            return ""
        metric = self.answered.primary
        has_grades = metric.grades(self.answered.references, self.answered.champion) is not None
        return grade_note(metric, float(self.metrics.iloc[0]["difference"]), has_grades=has_grades)

    @property
    def explanation(self) -> str:
        """Sentences that say whether the gain is worth a look at the held-out test set, and how rows are graded."""
        return f"{self.screen.explanation} {self.graded}".strip()

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables of the evaluation that are computed from development rows, by name."""
        from veritrain_lib.metrics.mistakes import confusions

        answered = self.answered
        predictions = evaluation_tables.predictions(answered)
        tables = {
            "metrics": self.metrics,
            "slices": evaluation_tables.slice_table(self.slices),
            "predictions": predictions,
            "confusions": confusions(answered.task, answered.references, answered.challenger),
            "errors_by_slice": evaluation_tables.errors_by_slice(answered, predictions),
        }
        for metric in answered.metrics:
            details = metric.details(answered.references, answered.challenger)
            if details is not None:
                tables[f"{metric.name}_details"] = details
        return tables


def compare_on_development(
    answered: AnsweredRows, *, n_test: int, look_alpha: float, judge: Judge | None, seed: int
) -> DevelopmentComparison:
    """Compare champion and challenger on development rows.

    Args:
        answered: The development rows with the responses of both models.
        n_test: The number of rows of the held-out test set.
        look_alpha: One-sided significance level of the look (the comparison on the held-out test set) that would
            follow.
        judge: The task's LLM judge; None if the task has none.
        seed: Seed of every random choice.

    Returns:
        The comparison: metrics, slices, the decision whether a look is worth it, and the judge's opinion.
    """
    from veritrain_lib.judging.comparison import compare
    from veritrain_lib.stages.slices import slice_masks
    from veritrain_lib.statistics.screen import screen
    from veritrain_lib.statistics.slices import judge_slices

    task, grades = answered.task, answered.grades()
    return DevelopmentComparison(
        answered,
        evaluation_tables.metric_table(answered, seed),
        judge_slices(*grades, slice_masks(task, answered.rows), margin=task.promotion.slice_margin or 1e-9),
        screen(*grades, n_test=n_test, look_alpha=look_alpha),
        compare(judge, answered.rows, answered.champion, answered.challenger, seed=seed) if judge else None,
    )


def grade_note(metric: Metric, difference: float, *, has_grades: bool) -> str:
    """Return a sentence that says how gains in the rows' mean grade differ from the gain of the metric itself.

    The screen (is a gain large enough to be tested?), the slices and the effects of added rows are measured in grades
    of single rows; a corpus metric such as BLEU is computed over all rows together.

    Args:
        metric: The primary metric, which is not a mean over rows.
        difference: The change of the metric over all development rows.
        has_grades: Whether the metric can grade a single row; if not, a row is graded right or wrong.
    """
    row_grade = "the metric of each row alone" if has_grades else "each row right or wrong"
    return (
        f"Gains of the screen, of slices and of added data are gains in the rows' mean grade ({row_grade}, 0 to 1); "
        f"{metric.name} itself, of all development rows together, changes by {difference:+.4g}."
    )
