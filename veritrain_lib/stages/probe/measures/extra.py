"""All measures of the probe beyond the content of the first answers and the task's metrics, for one model."""

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
    """The extra measures of one model.

    Attributes:
        measures: The measures by name.
        again: The rows that were asked again, with the columns `repeated_questions.COLUMNS`.
        reliability: The calibration bins.
        notes: What was not measured, and why.
    """

    measures: dict[str, Measure]
    again: pd.DataFrame
    reliability: pd.DataFrame
    notes: list[str]


@dataclass(frozen=True)
class FirstAnswers:
    """The first answers of a model.

    Attributes:
        rows: The rows that were asked.
        responses: One response per row.
        seconds: Seconds for all rows together.
        grades: The grade of each response by the primary metric, 0 to 1.
    """

    rows: pd.DataFrame
    responses: Sequence[Response]
    seconds: float
    grades: Sequence[float]


def measure_extra(
    task: Task, model: Model, first: FirstAnswers, *, extra_rows: int, money: float, seed: int
) -> ExtraMeasures:
    """Compute what can be measured from the first answers, and ask some rows again.

    Args:
        task: The task.
        model: The model.
        first: Its first answers.
        extra_rows: How many rows are asked again; 0 for none.
        money: US dollars that a paid model may cost, including the first answers.
        seed: Seed of every random choice.
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
