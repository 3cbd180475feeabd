"""Measures of the probe in addition to the task's metrics: from the first answers, and by asking the model again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from veritrain_lib.stages.probe.measures import (
    calibration,
    cost,
    extra_questions,
    injection,
    latency,
    repeated_questions,
)
from veritrain_lib.stages.probe.measures.refusal import refusal_rate
from veritrain_lib.stages.probe.measures.robustness import robustness
from veritrain_lib.stages.probe.measures.stability import stability

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task
    from veritrain_lib.models.base import Model
    from veritrain_lib.stages.stage_result import Measure


@dataclass(frozen=True)
class ExtraMeasures:
    """Measures of a probed model in addition to the task's metrics, with the answers that they were computed from.

    Attributes:
        measures: The measures by name.
        again: The rows that were asked again, with the columns `repeated_questions.COLUMNS`.
        reliability: The bins of the calibration error.
        notes: Sentences that say what was not measured, and why.
    """

    measures: dict[str, Measure]
    again: pd.DataFrame
    reliability: pd.DataFrame
    notes: list[str]


@dataclass(frozen=True)
class FirstAnswers:
    """A probed model's first answers to the sampled rows.

    Attributes:
        rows: The rows that were asked.
        responses: One response per row.
        seconds: The time for all rows together, in seconds.
        grades: The grade of each response by the primary metric, 0 to 1.
    """

    rows: pd.DataFrame
    responses: Sequence[Response]
    seconds: float
    grades: Sequence[float]


def measure_extra(
    task: Task, model: Model, first: FirstAnswers, *, extra_rows: int, money: float, seed: int
) -> ExtraMeasures:
    """Compute a probed model's measures in addition to the task's metrics, some of them by asking rows again.

    Args:
        task: The task.
        model: The model.
        first: The model's first answers.
        extra_rows: The number of rows to ask again; 0 for none. For a free and quick model it is multiplied by three.
        money: The budget in US dollars for a paid model, of which the first answers have used a part.
        seed: Seed of every random choice.

    Returns:
        The measures with the answers behind them, and notes on what was not measured.
    """
    import pandas as pd

    questions = extra_questions.ExtraQuestions(model, money - extra_questions.spent(first.responses))
    bounded = questions.paid or first.seconds > extra_questions.QUICK_SECONDS
    references = first.rows[task.target.field].tolist()
    measures: dict[str, Measure] = {"refusal_rate": refusal_rate(first.responses)}
    measures["calibration_error"], bins = calibration.calibration(
        first.responses, references, seed, first.grades
    )
    price = cost.dollars_per_1000(first.responses, seed)
    if price is not None:
        measures["dollars_per_1000"] = price
    evidence: list[dict[str, Any]] = []
    if extra_rows:
        rows = extra_questions.rows_again(first.rows, extra_rows, seed, bounded=bounded)
        first_responses = dict(zip(first.rows.index, first.responses, strict=True))
        results = {
            "stability": stability(questions, task, rows, first_responses),
            injection.NAME: injection.resistance(questions, task, rows, first_responses, seed),
            **robustness(questions, task, rows, first_responses, seed),
        }
        measures |= {name: result.measure for name, result in results.items() if result.measure is not None}
        evidence = [row for result in results.values() for row in result.evidence]
        seconds = (
            latency.as_reported(first.responses)
            if bounded
            else latency.timed_singly(model, rows.head(extra_rows))
        )
        measures |= latency.latency(seconds)
    return ExtraMeasures(
        measures, pd.DataFrame(evidence, columns=list(repeated_questions.COLUMNS)), bins, questions.notes
    )
