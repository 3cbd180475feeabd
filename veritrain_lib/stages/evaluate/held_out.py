"""Promotion decision by one comparison on the held-out test set (a look), with numbers in the metric's own units."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.stages.evaluate.result import HeldOutResult

if TYPE_CHECKING:
    import numpy as np

    from veritrain_lib.metrics.base import Metric
    from veritrain_lib.stages.evaluate.answered_rows import AnsweredRows
    from veritrain_lib.statistics.decision import Decision
    from veritrain_lib.statistics.evidence import CorpusMetric


def decide_on_test_set(answered: AnsweredRows, *, alpha: float, n_dev: int, seed: int) -> Decision:
    """Test on the held-out rows whether the challenger is better than the champion.

    Args:
        answered: The test rows with the responses of both models.
        alpha: One-sided significance level of this look at the test set.
        n_dev: The number of development rows on which the challenger had to do well before; 0 if it had not.
        seed: Seed of every random choice.

    Returns:
        The decision, with its numbers in grades of 0 to 1.
    """
    from veritrain_lib.stages.slices import slice_masks
    from veritrain_lib.statistics.decision import decide

    return decide(
        *answered.grades(),
        look_alpha=alpha,
        slices=slice_masks(answered.task, answered.rows),
        margin=answered.task.promotion.slice_margin or 1e-9,
        n_dev=n_dev,
        metric=_corpus_metric(answered),
        seed=seed,
    )


def held_out_result(metric: Metric, decision: Decision, look: int) -> HeldOutResult:
    """Convert the numbers of a promotion decision to the metric's own units.

    Args:
        metric: The primary metric.
        decision: The decision, in grades of 0 to 1.
        look: The number of this look (comparison on the held-out test set), from 1.

    Returns:
        The same numbers in the metric's own units, as the evaluation's result stores them.
    """
    scale = metric.scale
    return HeldOutResult(
        n=decision.n,
        look=look,
        look_alpha=decision.look_alpha,
        p=decision.p,
        test=decision.test,
        champion=_on_scale(metric, decision.champion),
        challenger=_on_scale(metric, decision.challenger),
        difference=scale * (decision.difference or 0.0),
        low=scale * decision.interval.low,
        high=scale * decision.interval.high,
        level=decision.interval.level,
        detectable=None if decision.detectable is None else scale * decision.detectable,
        explanation=decision.explanation,
    )


def _on_scale(metric: Metric, score: float | None) -> float:
    """Convert a score of 0 to 1, where higher is better, to the metric's own scale and direction; None counts as 0."""
    value = score or 0.0
    return metric.scale * (value if metric.higher_is_better else 1 - value)


def _corpus_metric(answered: AnsweredRows) -> CorpusMetric | None:
    """Return the primary metric as a function of all rows together, for a corpus metric such as BLEU.

    Returns:
        The function with the responses that it takes; None if the metric is a mean over rows.
    """
    import numpy as np

    from veritrain_lib.stages.measuring import value_or
    from veritrain_lib.statistics.evidence import CorpusMetric

    if answered.primary_is_mean:
        return None
    metric, references = answered.primary, answered.references
    n = len(references)
    all_responses = [*answered.champion, *answered.challenger]

    def score(answers: np.ndarray, rows: np.ndarray) -> float:
        value = metric.value(
            [references[row] for row in rows], [all_responses[int(answer)] for answer in answers]
        )
        # With nothing to measure in the rows, one set of answers is as good as the other.
        value = value_or(value, 0.0) / metric.scale
        return value if metric.higher_is_better else 1 - value

    return CorpusMetric(metric.name, np.arange(n), np.arange(n, 2 * n), score)
