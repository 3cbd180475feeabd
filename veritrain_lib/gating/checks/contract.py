"""The task's own promise about a row: its fields are there and its answer is an allowed one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.gating.context import Context


def check(rows: pd.DataFrame, context: Context) -> pd.Series[str]:
    """`contract:empty_field=<name>` for an input field without text, `contract:no_target` for a row without an
    answer, `contract:unknown_label=<label>` for an answer that the task does not list.

    Every input field of the task is required. The first of these that holds is the reason.
    """
    import pandas as pd

    task = context.task
    reasons = pd.Series("", index=rows.index, dtype=object)
    answers = rows[task.target.field].fillna("").astype(str)
    if task.labels:
        wrong = ~answers.isin(task.labels)
        reasons[wrong] = "contract:unknown_label=" + answers[wrong].str.slice(0, 80)
    reasons[answers.str.strip() == ""] = "contract:no_target"
    for name in reversed(task.inputs):
        blank = rows[name].isna() | (rows[name].fillna("").astype(str).str.strip() == "")
        reasons[blank] = f"contract:empty_field={name}"
    return reasons
