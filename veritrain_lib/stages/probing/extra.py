"""Everything that the probe measures beyond what a first answer holds, for one model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from veritrain_lib.stages.probing import (
    calibration,
    cost,
    extra_questions,
    injection,
    latency,
    repeated_questions,
)
from veritrain_lib.stages.probing.refusal import refusal_rate
from veritrain_lib.stages.probing.robustness import robustness
from veritrain_lib.stages.probing.stability import stability

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task
    from veritrain_lib.models.base import Model
    from veritrain_lib.stages.result import Measure


@dataclass(frozen=True)
class Extra:
    """Measures by name; `again` are the rows asked once more (columns `again.COLUMNS`), `reliability` the bins
    of the calibration; `notes` say what was not measured, and why."""

    measures: dict[str, Measure]
    again: pd.DataFrame
    reliability: pd.DataFrame
    notes: list[str]


@dataclass(frozen=True)
class First:
    """The first answers: the asked rows, one response each, the seconds for all together, and each one's grade (0 to
    1, by the primary metric)."""

    asked: pd.DataFrame
    responses: Sequence[Response]
    seconds: float
    grades: Sequence[float]


def measure_extra(
    task: Task, model: Model, first: First, *, extra_rows: int, money: float, seed: int
) -> Extra:
    """Read off the first answers what they tell, and ask some rows again.

    Nothing is asked again with `extra_rows` 0. `money`, in US dollars, bounds what a paid model may cost here,
    the first answers included.
    """
    import pandas as pd

    asker = extra_questions.Asking(model, money - extra_questions.spent(first.responses))
    bounded = asker.paid or first.seconds > extra_questions.QUICK_SECONDS
    references = first.asked[task.target.field].tolist()
    measures: dict[str, Measure] = {"refusal_rate": refusal_rate(first.responses)}
    measures["calibration_error"], bins = calibration.calibration(
        first.responses, references, seed, first.grades
    )
    price = cost.dollars_per_1000(first.responses, seed)
    if price is not None:
        measures["dollars_per_1000"] = price
    evidence: list[dict[str, Any]] = []
    if extra_rows:
        rows = extra_questions.rows_again(first.asked, extra_rows, seed, bounded=bounded)
        before = dict(zip(first.asked.index, first.responses, strict=True))
        found = {
            "stability": stability(asker, task, rows, before),
            injection.NAME: injection.resistance(asker, task, rows, before, seed),
            **robustness(asker, task, rows, before, seed),
        }
        measures |= {name: one.measure for name, one in found.items() if one.measure is not None}
        evidence = [row for one in found.values() for row in one.evidence]
        seconds = (
            latency.as_reported(first.responses)
            if bounded
            else latency.timed_singly(model, rows.head(extra_rows))
        )
        measures |= latency.latency(seconds)
    return Extra(
        measures, pd.DataFrame(evidence, columns=list(repeated_questions.COLUMNS)), bins, asker.notes
    )
