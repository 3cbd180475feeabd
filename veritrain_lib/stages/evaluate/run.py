"""The work of the evaluate stage: champion and challenger answer the same rows, and promotion is decided.

Development rows steer the loop; the held-out test set only decides promotion. Open this to see when the test set is
unlocked, and what is computed before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from veritrain_lib.stages.evaluate import evaluation_tables
from veritrain_lib.stages.evaluate.answered_rows import ask_both
from veritrain_lib.stages.evaluate.development_comparison import (
    DevelopmentComparison,
    compare_on_development,
)
from veritrain_lib.stages.evaluate.held_out import decide_on_test_set, held_out_result
from veritrain_lib.stages.evaluate.promotion import Purpose, opens_test_set, promotes, verdict_of
from veritrain_lib.stages.evaluate.result import EvaluateResult
from veritrain_lib.stages.stage_result import Measure

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.judging.judge import Judge
    from veritrain_lib.models.base import Model
    from veritrain_lib.statistics.decision import Decision


class EvaluateConfig(BaseModel):
    """Parameters of the evaluate stage.

    Attributes:
        purpose: `promotion` unlocks the held-out test set only if the gain on development rows is worth it; `final`
            compares the seed model with the last champion, by the look that is kept for that.
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
    """Compare champion and challenger, and decide on promotion by the rule in `stages.evaluate.promotion`.

    An LLM judge sees development rows only. If it agrees with people well enough and is sure that the champion is
    better, the test set stays locked. Apart from that, the judge decides nothing.

    Args:
        config: The parameters of the stage.
        task: The task.
        champion: The best model so far.
        challenger: The model that may replace it.
        development: The development rows.
        n_test: The number of rows of the held-out test set.
        look: Number and one-sided significance level of the look at the test set that this pair of models has had or
            would have; None if none is left.
        unlock_test_set: Function that counts the look and returns the test rows with their answers. It is called at
            most once, and only to unlock the test set.
        judge: The task's LLM judge; None if the task has none.
        training: The tables `sources` and `synthetic` about the models' training rows; None for none.
    """
    compared = compare_on_development(
        ask_both(task, champion, challenger, development),
        n_test=n_test,
        # With no look left, the level of an equal share still says what a set of this size could show.
        look_alpha=look[1] if look else task.promotion.alpha / task.promotion.max_looks,
        judge=judge,
        seed=config.seed,
    )
    # Made before the test set is unlocked: whatever fails here costs no look.
    tables = {**compared.tables(), **(training or {})}
    if compared.judged:
        tables["judge"] = compared.judged.table
    decision = None
    screen_opens, judge_vetoes = compared.screen.opens, compared.judge_vetoes
    if look is not None and opens_test_set(
        config.purpose, look_left=True, screen_opens=screen_opens, judge_vetoes=judge_vetoes
    ):
        tested = ask_both(task, champion, challenger, unlock_test_set())
        n_dev = 0 if config.purpose == "final" else len(development)
        decision = decide_on_test_set(tested, alpha=look[1], n_dev=n_dev, seed=config.seed)
        tables["held_out_slices"] = evaluation_tables.slice_table(decision.slices)
    return _result(config, (champion.uri, challenger.uri), compared, look, decision, tables)


def _result(
    config: EvaluateConfig,
    uris: tuple[str, str],
    compared: DevelopmentComparison,
    look: tuple[int, float] | None,
    decision: Decision | None,
    tables: dict[str, pd.DataFrame],
) -> EvaluateResult:
    champion, challenger = uris
    held_out = held_out_result(compared.answered.primary, decision, look[0]) if decision and look else None
    verdict = verdict_of(decision, compared.largest_gain)
    why = decision.explanation if decision else _closed_because(compared, look)
    judged = compared.judged
    judge_numbers = judged.numbers if judged else {}
    return EvaluateResult(
        # A decision's explanation already begins with its verdict.
        headline=f"{challenger} against {champion}. {why if decision else f'{verdict.capitalize()}. {why}'}",
        measures=evaluation_tables.measures(compared.metrics, held_out)
        | {name: Measure(**asdict(number)) for name, number in judge_numbers.items()},
        tables=tables,
        champion=champion,
        challenger=challenger,
        verdict=verdict,
        promote=promotes(config.purpose, decision),
        development_gain=compared.gain,
        development_detectable=compared.detectable,
        screen=compared.explanation,
        graded=compared.graded,
        held_out=held_out,
        looks_spent=look is None,
        why=why,
        judge_decides=judged.decides if judged else None,
        judge_note=judged.note if judged else "",
    )


def _closed_because(compared: DevelopmentComparison, look: tuple[int, float] | None) -> str:
    """Return sentences that say why the held-out test set stays locked.

    Args:
        compared: The comparison on development rows.
        look: Number and significance level of the look at the test set; None if none is left.
    """
    if compared.judged and compared.screen.opens and compared.judge_vetoes:
        return (
            "The held-out test set stays locked: the judge is sure that the champion is better. "
            f"{compared.judged.note}"
        )
    if look is None:
        return "The held-out test set stays locked: the looks that the task declares are spent."
    return compared.explanation
