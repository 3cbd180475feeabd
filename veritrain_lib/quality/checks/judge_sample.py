"""Gate check of a sample of the rows: the task's LLM judge decides whether their answers are right.

The share judged wrong is a share of the rows examined. The judge's agreement with people (Cohen's kappa) is measured on
development rows first; if the low end of its interval is below the task's `judge.floor`, the rule only warns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from veritrain_lib.core.errors import UserError
from veritrain_lib.quality.applicability import not_applicable_if
from veritrain_lib.quality.sampled_result import SampledResult

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.quality.context import Context


def not_applicable_reason(task: Task) -> str:
    """Return why the check `judge_sample` can't judge a task's rows; "" if it can.

    Returns:
        The reason, if the task has no judge; else "".
    """
    return "" if task.judge is not None else "it asks a judge; add a part `judge` to the task file"


@not_applicable_if(not_applicable_reason)
def check(
    rows: pd.DataFrame, context: Context, *, sample: Annotated[int, Field(ge=0, le=100_000)] = 0
) -> SampledResult:
    """Flag sampled rows whose answer the LLM judge calls wrong.

    Reasons: `judge_sample:wrong`, and `judge_sample:failed=<reason>` for a row that the judge failed on, which counts
    as wrong. Rows that people wrote are never judged. The judge is a paid model; its calls count in the task's budget.

    Args:
        rows: Rows to check.
        context: Task and reference data.
        sample: Number of rows shown to the judge; 0 for the task's `judge.sample`.

    Returns:
        A reason for each row, a mask of the rows examined, and the judge's agreement with people (Cohen's kappa).

    Raises:
        UserError: The context has no judge, because the task file has no part `judge`.
    """
    if context.judge is None:
        raise UserError(
            "judge_sample needs a judge: add a part `judge` to the task file, or remove the rule from the suite"
        )
    judged = context.judge(rows, sample)
    numbers = {}
    if judged.agreement is not None:
        kappa = judged.agreement.kappa
        interval = {"low": kappa.interval.low, "high": kappa.interval.high}
        numbers = {"judge_kappa": {"value": kappa.value, **interval, "n": kappa.n}}
    return SampledResult(judged.reasons, judged.is_judged, judged.decides, judged.note, numbers)
