"""A sample of the rows, judged right or wrong by the task's chat model.

The share judged wrong is of the rows looked at. The judge's agreement with people (Cohen's kappa) is measured on
development rows first; while the low end of its interval is below the task's `judge.floor` the rule only warns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from veritrain_lib.core.errors import UserError
from veritrain_lib.quality.sampled_result import Sampled

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.quality.context import Context


def unfit(task: Task) -> str:
    """Why the check can't judge a task's rows, "" when it can."""
    return "" if task.judge is not None else "it asks a judge; add a part `judge` to the task file"


def check(
    rows: pd.DataFrame, context: Context, *, sample: Annotated[int, Field(ge=0, le=100_000)] = 0
) -> Sampled:
    """`judge_sample:wrong` for a row whose answer the judge calls wrong, `judge_sample:failed=<how>` for one that
    it failed on: it counts as wrong.

    `sample` is how many rows are shown to the judge, 0 for the task's `judge.sample`. People's rows are never
    asked about. It asks a paid model, under the task's cap; a task without a part `judge` never does.

    Raises UserError when the context has no judge.
    """
    if context.judge is None:
        raise UserError(
            "judge_sample needs a judge: add a part `judge` to the task file, or take the rule out of the suite"
        )
    judged = context.judge(rows, sample)
    numbers = {}
    if judged.agreement is not None:
        kappa = judged.agreement.kappa
        ends = {"low": kappa.interval.low, "high": kappa.interval.high}
        numbers = {"judge_kappa": {"value": kappa.value, **ends, "n": kappa.n}}
    return Sampled(judged.reasons, judged.looked, judged.decides, judged.note, numbers)
