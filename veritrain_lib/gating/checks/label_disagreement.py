"""Labels that students, trained without the row, confidently contradict.

Cross-validated scores as in confident learning (C. Northcutt, L. Jiang, I. Chuang 2021, JAIR 70:1373-1411). Its
confident joint alone flags 5 % of clean rows among 12 close labels; ranking by log odds and cutting far out
finds three quarters of the wrong labels at about 1 % of clean rows (`make bench-example`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from veritrain_lib.errors import UserError
from veritrain_lib.gating.confident import contradicted, out_of_fold

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.gating.context import Context


def check(
    rows: pd.DataFrame,
    context: Context,
    *,
    folds: Annotated[int, Field(ge=2, le=50)] = 5,
    repeats: Annotated[int, Field(ge=1, le=50)] = 3,
    certainty: Annotated[float, Field(gt=0, le=100)] = 0.65,
) -> pd.Series[str]:
    """`label_disagreement:says=<label>` for a row whose label is contradicted out of fold.

    `folds` and `repeats` say how often a student is trained: log scores are means over the repeats.
    `certainty` is how sure the contradiction must be, in units of how sure it would be of a random wrong label
    (median log odds); higher flags fewer. Trusted rows of people are in every training set; people's rows
    are never flagged; rows without an allowed answer are left to `contract`.

    Raises UserError when the context has no `fit` or the task has no fixed labels.
    """
    import pandas as pd

    task = context.task
    reasons = pd.Series("", index=rows.index, dtype=object)
    if not task.labels or context.fit is None:
        lacks = "fit, a student to train" if context.fit is None else "fixed labels"
        raise UserError(f"label_disagreement needs {lacks}; give it or take the rule out of the suite")
    judged = rows[rows[task.target.field].isin(task.labels)]
    if judged.empty:
        return reasons
    logs, given = out_of_fold(judged, context, folds=folds, repeats=repeats)
    other = contradicted(logs, given, certainty)[: len(judged)]
    for position, best, source in zip(judged.index, other, judged["source"], strict=True):
        if best >= 0 and source != "human":
            reasons[position] = f"label_disagreement:says={task.labels[best]}"
    return reasons
