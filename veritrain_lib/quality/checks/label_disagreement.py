"""Labels that students, trained without the row, confidently contradict.

Cross-validated scores as in confident learning (C. Northcutt, L. Jiang, I. Chuang 2021, JAIR 70:1373-1411). Its
confident joint alone flags 5 % of clean rows among 12 close labels; ranking by log odds and cutting far out
finds four fifths of the wrong labels at 1 to 2 % of clean rows there (`make bench-example`), and nine of ten at 0.3 %
among 150 labels (`make bench-gate`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from veritrain_lib.core.errors import UserError
from veritrain_lib.quality.labels.confident_learning import contradicted, margins, out_of_fold
from veritrain_lib.quality.labels.quick_students import MANY, quick_margins
from veritrain_lib.quality.labels.word_students import folded_margins, too_much_work

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.quality.context import Context


def unfit(task: Task) -> str:
    """Why the check can't judge a task's rows, "" when it can."""
    return "" if task.labels else "it compares labels, and the answers of this task are free text"


def check(
    rows: pd.DataFrame,
    context: Context,
    *,
    folds: Annotated[int, Field(ge=2, le=50)] = 5,
    repeats: Annotated[int, Field(ge=1, le=50)] = 3,
    certainty: Annotated[float, Field(gt=0, le=100)] = 0.6,
) -> pd.Series[str]:
    """`label_disagreement:says=<label>` for a row whose label is contradicted out of fold.

    `folds` and `repeats` say how often a student is trained: log scores are means over the repeats.
    `certainty` is how sure the contradiction must be, in units of how sure it would be of a random wrong label
    (median log odds); higher flags fewer. Trusted rows of people are in every training set; people's rows
    are never flagged; rows without an allowed answer are left to `contract`. Above 5,000 rows, trusted ones with
    them, or 150,000 rows times labels, students that read words only stand in for the task's own
    (`quality/labels/word_students.py`), with three repeats at most; above 30,000 rows they learn from a sample
    (`quality/labels/quick_students.py`), and `folds` and `repeats` do not count.

    Raises UserError when the context has no `fit` or the task has no fixed labels.
    """
    import pandas as pd

    task = context.task
    reasons = pd.Series("", index=rows.index, dtype=object)
    if not task.labels or context.fit is None:
        lacks = "fit, a student to train" if context.fit is None else "fixed labels"
        raise UserError(f"label_disagreement needs {lacks}; give it or take the rule out of the suite")
    allowed = rows[task.target.field].isin(task.labels)
    judged = rows if allowed.all() else rows[allowed]
    if judged.empty:
        return reasons
    if len(judged) > MANY:
        found = quick_margins(judged, context)
    elif too_much_work(len(judged) + len(context.trusted), len(task.labels)):
        found = folded_margins(judged, context, folds=folds, repeats=repeats)
    else:
        found = margins(*out_of_fold(judged, context, folds=folds, repeats=repeats))
    other = contradicted(found, certainty)[: len(judged)]
    other[(judged["source"] == "human").to_numpy()] = -1
    for position, best in zip(judged.index[other >= 0], other[other >= 0], strict=True):
        reasons[position] = f"label_disagreement:says={task.labels[best]}"
    return reasons
