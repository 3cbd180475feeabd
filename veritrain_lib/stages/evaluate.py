"""Evaluate: champion and challenger on the same rows.

Development rows steer; the sealed set only decides promotion.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from veritrain_lib.stages import comparison
from veritrain_lib.stages.comparison import Sealed
from veritrain_lib.stages.result import Measure, StageResult

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task
    from veritrain_lib.judging.judge import Judge
    from veritrain_lib.metrics.base import Metric
    from veritrain_lib.models.base import Model
    from veritrain_lib.reporting.side_by_side import SideBySide
    from veritrain_lib.statistics.decision import Decision
    from veritrain_lib.statistics.evidence import CorpusMetric


class EvaluateConfig(BaseModel):
    """`purpose` promotion asks the development screen first; final compares the seed model with the last
    champion and uses the look that the loop kept for it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    purpose: Literal["promotion", "final"] = "promotion"
    seed: int = 0


class EvaluateResult(StageResult):
    """Tables: `predictions` (development rows, both models), `slices` (development), `confusions` (the
    challenger's mistakes: with labels, which was taken for which), `errors_by_slice`, `METRIC_details` of a metric that has any, `sources` (what both models
    were trained on, by source) and `synthetic` (the challenger with against without its synthetic rows; empty where
    it has none or training takes long), `metrics` (both models), `sealed_slices` when the sealed set was opened, and `judge` (a sample of
    development rows) when the task has a judge. `judge_decides` says whether the judge agrees with people well
    enough to count (None: no judge), `judge_note` its numbers in words. `graded` says what slices, screen and plan are
    measured by where the metric is no mean of rows, empty where it is.
    """

    champion: str
    challenger: str
    verdict: Literal["better", "not better", "inconclusive"]
    promote: bool
    development_gain: float
    development_detectable: float | None = None
    screen: str = ""
    sealed: Sealed | None = None
    looks_spent: bool = False
    why: str = ""
    judge_decides: bool | None = None
    judge_note: str = ""
    graded: str = ""

    def picture(self) -> Figure:
        """The change in every slice, with intervals: of the sealed set if opened, else development."""
        from veritrain_lib.reporting.pictures import slice_changes

        rows = self.tables.get("sealed_slices", self.tables["slices"])
        return self._once("slices", lambda: slice_changes(rows))

    def slices_of(self, which: Literal["development", "held out"]) -> tuple[object, object]:
        """The picture and the table of the slices of one set, never of both; two sentences where the held-out set stayed
        closed."""
        from veritrain_lib.reporting.pictures import slice_changes

        if which == "development":
            rows = self.tables["slices"]
            return self._once("development_slices", lambda: slice_changes(rows)), rows
        if "sealed_slices" not in self.tables:
            return "The held-out set stayed closed.", "So there are no slices of it."
        return self.picture(), self.tables["sealed_slices"]

    def confused(self) -> Figure:
        """The challenger's most frequent mistakes on development rows."""
        from veritrain_lib.reporting.pictures import confused_pairs

        return self._once("confused", lambda: confused_pairs(self.tables["confusions"]))

    def stored_with(self) -> dict[str, Figure]:
        """`slices` and `confused`: both pictures above."""
        return {"slices": self.picture(), "confused": self.confused()}

    def worst(self, rows: int = 10) -> SideBySide:
        """The development rows that the challenger answers worst, side by side, what differs from the expected
        answer marked."""
        from veritrain_lib.reporting.side_by_side import SideBySide

        table = self.tables["predictions"]
        wrong = table[~table["challenger_correct"]].sort_values("challenger_grade", kind="stable")
        return SideBySide(wrong.head(rows))


def run(
    config: EvaluateConfig,
    task: Task,
    champion: Model,
    challenger: Model,
    development: pd.DataFrame,
    *,
    n_test: int,
    look: tuple[int, float] | None,
    open_sealed: Callable[[], pd.DataFrame],
    judge: Judge | None = None,
    training: Mapping[str, pd.DataFrame] | None = None,
) -> EvaluateResult:
    """Compare two models and decide.

    `look` is the number and one-sided level of the look that this pair has or would take, None when no look
    is left; `open_sealed` writes the look down and gives the sealed rows with their answers (called at most
    once, and only when the set is to be opened). `training` may have tables that say what the models were trained
    on: `sources` and `synthetic`.

    The verdict is `statistics.decision.outcome`: of the sealed set at the look's level; where it stays closed, of the
    95 % interval on development rows, which never says `better`. `promote` also needs that no slice is
    shown to be worse than the task's margin. A judge is shown development rows only; when it agrees with people
    well enough and is sure that the champion is better, the sealed set stays closed. Else it decides nothing.
    """
    from veritrain_lib.judging.comparison import compare
    from veritrain_lib.metrics.base import open_metrics, references_of, row_scores, scale_of
    from veritrain_lib.metrics.mistakes import confusions
    from veritrain_lib.stages.slices import cut
    from veritrain_lib.statistics.decision import outcome
    from veritrain_lib.statistics.screen import screen
    from veritrain_lib.statistics.slices import judge_slices

    metrics = open_metrics(task)
    references = references_of(task, development)
    old, new = champion.answer(development), challenger.answer(development)
    old_scores, new_scores = (row_scores(metrics[0], references, answers) for answers in (old, new))
    is_mean = metrics[0].per_row(references, old) is not None
    table = comparison.metric_table(task, metrics, references, old, new, config.seed)
    slices = judge_slices(
        old_scores, new_scores, cut(task, development), margin=task.promotion.slice_margin or 1e-9
    )
    # With no look left the level of the last one still says what a set of this size could show.
    level = look[1] if look else task.promotion.alpha / task.promotion.max_looks
    screened = screen(old_scores, new_scores, n_test=n_test, look_alpha=level)
    steered = table.iloc[0]
    up, scale = metrics[0].higher_is_better, scale_of(metrics[0])
    gain = float(steered["difference"] if up else -steered["difference"])
    most = float(steered["high"] if up else -steered["low"])
    judged = compare(judge, development, old, new, seed=config.seed) if judge else None
    kept_shut = judged is not None and judged.forbids
    opens = look is not None and (config.purpose == "final" or (screened.opens and not kept_shut))
    answered = comparison.predictions(development, task, metrics[0], references, old, new)
    tables: dict[str, Any] = {
        "metrics": table,
        "slices": comparison.slice_table(slices),
        "predictions": answered,
        "confusions": confusions(task, references, new),
        "errors_by_slice": comparison.errors_by_slice(task, development, answered, references, new),
        **{
            f"{metric.name}_details": metric.details(references, new)
            for metric in metrics
            if hasattr(metric, "details")
        },
        **(training or {}),
    }
    if judged:
        tables["judge"] = judged.table
    graded = "" if is_mean else _graded(metrics[0], float(steered["difference"]))
    decision, sealed = None, None
    if opens and look is not None:
        rows = open_sealed()
        decision = _decide(config, task, metrics[0], champion, challenger, rows, look[1], len(development))
        sealed = Sealed(
            n=decision.n,
            look=look[0],
            look_alpha=look[1],
            p=decision.p,
            test=decision.test,
            champion=_on_scale(metrics[0], decision.champion),
            challenger=_on_scale(metrics[0], decision.challenger),
            difference=scale * (decision.difference or 0.0),
            low=scale * decision.interval.low,
            high=scale * decision.interval.high,
            level=decision.interval.level,
            detectable=None if decision.detectable is None else scale * decision.detectable,
            explanation=decision.explanation,
        )
        tables["sealed_slices"] = comparison.slice_table(decision.slices)
    verdict = decision.verdict if decision else outcome(False, most / scale)
    why = (
        decision.explanation
        if decision
        else _closed_because(look, f"{screened.explanation} {graded}".strip())
    )
    if judged and not decision and screened.opens and kept_shut:
        why = f"The sealed set stays closed: the judge is sure that the champion is better. {judged.note}"
    return EvaluateResult(
        # A decision's explanation begins with its verdict already.
        headline=f"{challenger.uri} against {champion.uri}. {why if decision else f'{verdict.capitalize()}. {why}'}",
        measures=comparison.measures(table, sealed)
        | {name: Measure(**asdict(number)) for name, number in (judged.numbers if judged else {}).items()},
        tables=tables,
        champion=champion.uri,
        challenger=challenger.uri,
        verdict=verdict,
        promote=bool(decision and decision.promote),
        development_gain=gain,
        development_detectable=None if screened.detectable is None else scale * screened.detectable,
        screen=f"{screened.explanation} {graded}".strip(),
        graded=graded,
        sealed=sealed,
        looks_spent=look is None,
        why=why,
        judge_decides=judged.decides if judged else None,
        judge_note=judged.note if judged else "",
    )


def _closed_because(look: tuple[int, float] | None, screened: str) -> str:
    if look is None:
        return "The sealed set stays closed: the looks that the task declares are spent."
    return screened


def _graded(metric: Metric, difference: float) -> str:
    """What a gain by grades of single rows is beside a gain of the metric over all rows together."""
    each = "the metric of each row alone" if hasattr(metric, "grades") else "each row right or wrong"
    return (
        f"Gains of the screen, of slices and of added data are gains in the rows' mean grade ({each}, 0 to 1); "
        f"{metric.name} itself, of all development rows together, changes by {difference:+.4g}."
    )


def _on_scale(metric: Metric, score: float | None) -> float:
    """A score of 0 to 1, higher is better, as the metric itself says it."""
    from veritrain_lib.metrics.base import scale_of

    value = score or 0.0
    return scale_of(metric) * (value if metric.higher_is_better else 1 - value)


def _decide(
    config: EvaluateConfig,
    task: Task,
    metric: Metric,
    champion: Model,
    challenger: Model,
    rows: pd.DataFrame,
    alpha: float,
    n_dev: int,
) -> Decision:
    from veritrain_lib.metrics.base import references_of, row_scores
    from veritrain_lib.stages.slices import cut
    from veritrain_lib.statistics.decision import decide

    references = references_of(task, rows)
    old, new = champion.answer(rows), challenger.answer(rows)
    whole = _corpus_metric(metric, references, old, new)
    return decide(
        row_scores(metric, references, old),
        row_scores(metric, references, new),
        look_alpha=alpha,
        slices=cut(task, rows),
        margin=task.promotion.slice_margin or 1e-9,
        n_dev=0 if config.purpose == "final" else n_dev,
        metric=whole,
        seed=config.seed,
    )


def _corpus_metric(
    metric: Metric, references: list[str], old: list[Response], new: list[Response]
) -> CorpusMetric | None:
    import numpy as np

    from veritrain_lib.metrics.base import scale_of
    from veritrain_lib.stages.measuring import measured_or
    from veritrain_lib.statistics.evidence import CorpusMetric

    if metric.per_row(references, old) is not None:
        return None
    n = len(references)
    both = [*old, *new]

    def score(answers: np.ndarray, rows: np.ndarray) -> float:
        value = metric.value([references[row] for row in rows], [both[int(answer)] for answer in answers])
        # With nothing to measure in the rows, one set of answers is as good as the other.
        value = measured_or(value, 0.0) / scale_of(metric)
        return value if metric.higher_is_better else 1 - value

    return CorpusMetric(metric.name, np.arange(n), np.arange(n, 2 * n), score)
