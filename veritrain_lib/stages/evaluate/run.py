"""The evaluate stage: champion and challenger on the same rows, and the decision on promotion.

Development rows steer the loop; the held-out test set only decides promotion. Open this for the tables of an
evaluation, or to see when the held-out test set is unlocked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from veritrain_lib.stages.evaluate import evaluation_tables as comparison
from veritrain_lib.stages.evaluate.promotion import Purpose, opens_test_set, promotes, verdict_of
from veritrain_lib.stages.evaluate.result import EvaluateResult, HeldOutResult
from veritrain_lib.stages.stage_result import Measure

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task
    from veritrain_lib.judging.judge import Judge
    from veritrain_lib.metrics.base import Metric
    from veritrain_lib.models.base import Model
    from veritrain_lib.statistics.decision import Decision
    from veritrain_lib.statistics.evidence import CorpusMetric


class EvaluateConfig(BaseModel):
    """Parameters of the evaluate stage.

    Attributes:
        purpose: `promotion` unlocks the held-out test set only if the development screen allows it; `final` compares the
            seed model with the last champion and uses the look that the loop kept for it.
        seed: Seed of every random choice.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    purpose: Purpose = "promotion"
    seed: int = 0


def run(
    config: EvaluateConfig,
    task: Task,
    champion: Model,
    challenger: Model,
    development: pd.DataFrame,
    *,
    n_test: int,
    look: tuple[int, float] | None,
    unlock_test_set: Callable[[], pd.DataFrame],
    judge: Judge | None = None,
    training: Mapping[str, pd.DataFrame] | None = None,
) -> EvaluateResult:
    """Compare two models and decide whether the challenger is promoted.

    The verdict is that of `promotion.verdict_of`: of the held-out test set at the look's level; where that stays locked,
    of the 95 % interval on development rows, which never gives `better`. `promote` also needs that no slice is shown to
    be worse than the task's margin. A judge is shown development rows only; when it agrees with people well enough and
    is sure that the champion is better, the test set stays locked. Otherwise the judge decides nothing.

    Args:
        config: Parameters of the stage.
        task: The task.
        champion: The model to beat.
        challenger: Its rival.
        development: The development rows.
        n_test: The number of rows of the held-out test set.
        look: Number and one-sided significance level of the look that this pair has or would take; None when no look is
            left.
        unlock_test_set: Records the look and returns the held-out test rows with their answers. Called at most once, and
            only when the test set is to be unlocked.
        judge: The task's judge, if it has one.
        training: Tables on what the models were trained on: `sources` and `synthetic`.
    """
    from veritrain_lib.judging.comparison import compare
    from veritrain_lib.metrics.base import open_metrics, references_of, row_scores
    from veritrain_lib.metrics.mistakes import confusions
    from veritrain_lib.stages.slices import slice_masks
    from veritrain_lib.statistics.screen import screen
    from veritrain_lib.statistics.slices import judge_slices

    metrics = open_metrics(task)
    references = references_of(task, development)
    champion_responses, challenger_responses = champion.answer(development), challenger.answer(development)
    champion_scores, challenger_scores = (
        row_scores(metrics[0], references, answers) for answers in (champion_responses, challenger_responses)
    )
    is_mean = metrics[0].per_row(references, champion_responses) is not None
    table = comparison.metric_table(
        task, metrics, references, champion_responses, challenger_responses, config.seed
    )
    slices = judge_slices(
        champion_scores,
        challenger_scores,
        slice_masks(task, development),
        margin=task.promotion.slice_margin or 1e-9,
    )
    # With no look left, the level of an equal share still says what a set of this size could show.
    level = look[1] if look else task.promotion.alpha / task.promotion.max_looks
    development_screen = screen(champion_scores, challenger_scores, n_test=n_test, look_alpha=level)
    primary_row = table.iloc[0]
    higher_is_better, scale = metrics[0].higher_is_better, metrics[0].scale
    gain = float(primary_row["difference"] if higher_is_better else -primary_row["difference"])
    largest_gain = float(primary_row["high"] if higher_is_better else -primary_row["low"])
    judge_verdict = (
        compare(judge, development, champion_responses, challenger_responses, seed=config.seed)
        if judge
        else None
    )
    judge_vetoes = judge_verdict is not None and judge_verdict.vetoes
    opens = opens_test_set(
        config.purpose,
        look_left=look is not None,
        screen_opens=development_screen.opens,
        judge_vetoes=judge_vetoes,
    )
    predictions = comparison.predictions(
        development, task, metrics[0], references, champion_responses, challenger_responses
    )
    tables: dict[str, Any] = {
        "metrics": table,
        "slices": comparison.slice_table(slices),
        "predictions": predictions,
        "confusions": confusions(task, references, challenger_responses),
        "errors_by_slice": comparison.errors_by_slice(
            task, development, predictions, references, challenger_responses
        ),
        **{
            f"{metric.name}_details": details
            for metric in metrics
            if (details := metric.details(references, challenger_responses)) is not None
        },
        **(training or {}),
    }
    if judge_verdict:
        tables["judge"] = judge_verdict.table
    grade_note = (
        ""
        if is_mean
        else _grade_note(
            metrics[0],
            float(primary_row["difference"]),
            has_grades=metrics[0].grades(references, champion_responses) is not None,
        )
    )
    decision, held_out = None, None
    if opens and look is not None:
        rows = unlock_test_set()
        decision = _decide(config, task, metrics[0], champion, challenger, rows, look[1], len(development))
        held_out = HeldOutResult(
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
        tables["held_out_slices"] = comparison.slice_table(decision.slices)
    verdict = verdict_of(decision, largest_gain / scale)
    why = (
        decision.explanation
        if decision
        else _closed_because(look, f"{development_screen.explanation} {grade_note}".strip())
    )
    if judge_verdict and not decision and development_screen.opens and judge_vetoes:
        why = f"The held-out test set stays locked: the judge is sure that the champion is better. {judge_verdict.note}"
    return EvaluateResult(
        # A decision's explanation already begins with its verdict.
        headline=f"{challenger.uri} against {champion.uri}. {why if decision else f'{verdict.capitalize()}. {why}'}",
        measures=comparison.measures(table, held_out)
        | {
            name: Measure(**asdict(number))
            for name, number in (judge_verdict.numbers if judge_verdict else {}).items()
        },
        tables=tables,
        champion=champion.uri,
        challenger=challenger.uri,
        verdict=verdict,
        promote=promotes(config.purpose, decision),
        development_gain=gain,
        development_detectable=None
        if development_screen.detectable is None
        else scale * development_screen.detectable,
        screen=f"{development_screen.explanation} {grade_note}".strip(),
        graded=grade_note,
        held_out=held_out,
        looks_spent=look is None,
        why=why,
        judge_decides=judge_verdict.decides if judge_verdict else None,
        judge_note=judge_verdict.note if judge_verdict else "",
    )


def _closed_because(look: tuple[int, float] | None, development_screen: str) -> str:
    if look is None:
        return "The held-out test set stays locked: the looks that the task declares are spent."
    return development_screen


def _grade_note(metric: Metric, difference: float, *, has_grades: bool) -> str:
    """Return a note on the difference between a gain in grades of single rows and a gain of the metric over all rows."""
    row_grade = "the metric of each row alone" if has_grades else "each row right or wrong"
    return (
        f"Gains of the screen, of slices and of added data are gains in the rows' mean grade ({row_grade}, 0 to 1); "
        f"{metric.name} itself, of all development rows together, changes by {difference:+.4g}."
    )


def _on_scale(metric: Metric, score: float | None) -> float:
    """Convert a score of 0 to 1, higher is better, to the metric's own scale and direction."""
    value = score or 0.0
    return metric.scale * (value if metric.higher_is_better else 1 - value)


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
    from veritrain_lib.stages.slices import slice_masks
    from veritrain_lib.statistics.decision import decide

    references = references_of(task, rows)
    champion_responses, challenger_responses = champion.answer(rows), challenger.answer(rows)
    corpus_metric = _corpus_metric(metric, references, champion_responses, challenger_responses)
    return decide(
        row_scores(metric, references, champion_responses),
        row_scores(metric, references, challenger_responses),
        look_alpha=alpha,
        slices=slice_masks(task, rows),
        margin=task.promotion.slice_margin or 1e-9,
        n_dev=0 if config.purpose == "final" else n_dev,
        metric=corpus_metric,
        seed=config.seed,
    )


def _corpus_metric(
    metric: Metric,
    references: list[str],
    champion_responses: list[Response],
    challenger_responses: list[Response],
) -> CorpusMetric | None:
    import numpy as np

    from veritrain_lib.stages.measuring import value_or
    from veritrain_lib.statistics.evidence import CorpusMetric

    if metric.per_row(references, champion_responses) is not None:
        return None
    n = len(references)
    all_responses = [*champion_responses, *challenger_responses]

    def score(answers: np.ndarray, rows: np.ndarray) -> float:
        value = metric.value(
            [references[row] for row in rows], [all_responses[int(answer)] for answer in answers]
        )
        # With nothing to measure in the rows, one set of answers is as good as the other.
        value = value_or(value, 0.0) / metric.scale
        return value if metric.higher_is_better else 1 - value

    return CorpusMetric(metric.name, np.arange(n), np.arange(n, 2 * n), score)
