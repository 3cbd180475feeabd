"""Evaluate: champion and challenger on the same rows.

Development rows steer; the sealed set only decides promotion.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict

from veritrain_lib.stages import comparison
from veritrain_lib.stages.comparison import Sealed as Sealed
from veritrain_lib.stages.result import StageResult

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure

    from veritrain_lib.metrics.base import Metric
    from veritrain_lib.models.base import Model
    from veritrain_lib.records import Response
    from veritrain_lib.statistics.decision import Decision
    from veritrain_lib.statistics.evidence import CorpusMetric
    from veritrain_lib.task import Task


class EvaluateConfig(BaseModel):
    """`purpose` promotion asks the development screen first; final compares the seed model with the last
    champion and uses the look that the loop kept for it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    purpose: Literal["promotion", "final"] = "promotion"
    seed: int = 0


class EvaluateResult(StageResult):
    """Tables: `predictions` (development rows, both models), `slices` (development), `confusions` (the
    challenger's wrong answers), `metrics` (both models), and `sealed_slices` when the sealed set was opened.
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

    def picture(self) -> Figure:
        """The change in every slice, with intervals: of the sealed set if opened, else development."""
        from veritrain_lib.reporting.pictures import slice_changes

        return slice_changes(self.tables.get("sealed_slices", self.tables["slices"]))

    def confused(self) -> Figure:
        """The challenger's most frequent confusions on development rows."""
        from veritrain_lib.reporting.pictures import confused_pairs

        return confused_pairs(self.tables["confusions"])


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
) -> EvaluateResult:
    """Compare two models and decide.

    `look` is the number and one-sided level of the look that this pair has or would take, None when no look
    is left; `open_sealed` writes the look down and gives the sealed rows with their answers (called at most
    once, and only when the set is to be opened).

    The verdict: `better` when the exact test on the sealed set is significant at the look's level,
    `not better` when a useful gain is excluded, else `inconclusive`. `promote` also needs that no slice is
    shown to be worse than the task's margin.
    """
    from veritrain_lib.metrics.base import open_metrics
    from veritrain_lib.stages.slices import cut
    from veritrain_lib.statistics.screen import screen
    from veritrain_lib.statistics.slices import judge_slices

    metrics = open_metrics(task)
    references = development[task.target.field].tolist()
    old, new = champion.answer(development), challenger.answer(development)
    old_scores, new_scores = _scores(metrics[0], references, old), _scores(metrics[0], references, new)
    table = comparison.metric_table(task, metrics, references, old, new, config.seed)
    slices = judge_slices(
        old_scores, new_scores, cut(task, development), margin=task.promotion.slice_margin or 1e-9
    )
    # With no look left the level of the last one still says what a set of this size could show.
    level = look[1] if look else task.promotion.alpha / task.promotion.max_looks
    screened = screen(old_scores, new_scores, n_test=n_test, look_alpha=level)
    gain = float(table.iloc[0]["difference"])
    opens = look is not None and (config.purpose == "final" or screened.opens)
    tables: dict[str, Any] = {
        "metrics": table,
        "slices": comparison.slice_table(slices),
        "predictions": comparison.predictions(development, task, old, new),
        "confusions": comparison.confusions(references, new),
    }
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
            champion=decision.champion or 0.0,
            challenger=decision.challenger or 0.0,
            difference=decision.difference or 0.0,
            low=decision.interval.low,
            high=decision.interval.high,
            level=decision.interval.level,
            detectable=decision.detectable,
            explanation=decision.explanation,
        )
        tables["sealed_slices"] = comparison.slice_table(decision.slices)
    verdict = (
        decision.verdict
        if decision
        else ("not better" if float(table.iloc[0]["high"]) <= 0 else "inconclusive")
    )
    why = decision.explanation if decision else _closed_because(look, screened.explanation)
    return EvaluateResult(
        # A decision's explanation begins with its verdict already.
        headline=f"{challenger.uri} against {champion.uri}. {why if decision else f'{verdict.capitalize()}. {why}'}",
        measures=comparison.measures(table, sealed),
        tables=tables,
        champion=champion.uri,
        challenger=challenger.uri,
        verdict=verdict,
        promote=bool(decision and decision.promote),
        development_gain=gain,
        development_detectable=screened.detectable,
        screen=screened.explanation,
        sealed=sealed,
        looks_spent=look is None,
        why=why,
    )


def _closed_because(look: tuple[int, float] | None, screened: str) -> str:
    if look is None:
        return "The sealed set stays closed: the looks that the task declares are spent."
    return screened


def _scores(metric: Metric, references: list[str], responses: list[Response]) -> np.ndarray:
    import numpy as np

    each = metric.per_row(references, responses)
    if each is None:
        # A metric of the whole set still needs one score a row for slices and screen: right or wrong.
        each = np.array(
            [float(response.best == wanted) for response, wanted in zip(responses, references, strict=True)]
        )
    return each if metric.higher_is_better else 1 - each


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
    from veritrain_lib.stages.slices import cut
    from veritrain_lib.statistics.decision import decide

    references = rows[task.target.field].tolist()
    old, new = champion.answer(rows), challenger.answer(rows)
    whole = _corpus_metric(metric, references, old, new)
    return decide(
        _scores(metric, references, old),
        _scores(metric, references, new),
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

    from veritrain_lib.statistics.evidence import CorpusMetric

    if metric.per_row(references, old) is not None:
        return None
    n = len(references)
    both = [*old, *new]

    def score(answers: np.ndarray, rows: np.ndarray) -> float:
        value = metric.value([references[row] for row in rows], [both[int(answer)] for answer in answers])
        return value if metric.higher_is_better else 1 - value

    return CorpusMetric(metric.name, np.arange(n), np.arange(n, 2 * n), score)
