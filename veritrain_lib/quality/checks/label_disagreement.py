"""Check for label issues: labels that students, trained without the row, contradict with confidence.

Cross-validated scores as in confident learning (C. Northcutt, L. Jiang, I. Chuang 2021, JAIR 70:1373-1411). Its
confident joint alone flags 5 % of clean rows among 12 close labels; ranking by log odds with a high threshold finds four
fifths of the wrong labels at 1 to 2 % of clean rows there (`make bench-example`), and nine of ten at 0.3 % among 150
labels (`make bench-gate`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from veritrain_lib.core.errors import UserError
from veritrain_lib.quality.fitness import unfit_for
from veritrain_lib.quality.labels.confident_learning import label_issues, margins, out_of_fold
from veritrain_lib.quality.labels.quick_students import MANY, quick_margins
from veritrain_lib.quality.labels.word_students import exceeds_student_budget, out_of_fold_margins

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.quality.context import Context


def unfit(task: Task) -> str:
    """Return why the check can't judge a task's rows.

    Args:
        task: The task.

    Returns:
        The reason, "" when it can.
    """
    return "" if task.labels else "it compares labels, and the answers of this task are free text"


@unfit_for(unfit)
def check(
    rows: pd.DataFrame,
    context: Context,
    *,
    folds: Annotated[int, Field(ge=2, le=50)] = 5,
    repeats: Annotated[int, Field(ge=1, le=50)] = 3,
    certainty: Annotated[float, Field(gt=0, le=100)] = 0.6,
) -> pd.Series[str]:
    """Flag rows whose label is contradicted out of fold.

    Reason: `label_disagreement:says=<label>`.

    Accepted rows of people are in every training set; people's rows are never flagged; rows without an allowed answer are
    left to `contract`. Above 5,000 rows, accepted ones included, or 150,000 rows times labels, students that use word
    features only replace the task's own (`quality/labels/word_students.py`), with three repeats at most; above 30,000 rows
    they are trained on a sample (`quality/labels/quick_students.py`), and `folds` and `repeats` do not count.

    Args:
        rows: Rows to check.
        context: Task and reference data.
        folds: Folds of the cross-validation.
        repeats: Times that it is repeated: log scores are means over the repeats.
        certainty: Confidence that a contradiction needs, in units of the confidence against a random wrong label (median log
            odds); higher flags fewer rows.

    Returns:
        One reason a row, aligned to `rows.index`; "" for a row that passes.

    Raises:
        UserError: When the context has no `fit` or the task has no fixed labels.
    """
    import pandas as pd

    task = context.task
    reasons = pd.Series("", index=rows.index, dtype=object)
    if not task.labels or context.fit is None:
        missing = "fit, a student to train" if context.fit is None else "fixed labels"
        raise UserError(f"label_disagreement needs {missing}; provide it or remove the rule from the suite")
    allowed = rows[task.target.field].isin(task.labels)
    judged = rows if allowed.all() else rows[allowed]
    if judged.empty:
        return reasons
    if len(judged) > MANY:
        row_margins = quick_margins(judged, context)
    elif exceeds_student_budget(len(judged) + len(context.accepted_rows), len(task.labels)):
        row_margins = out_of_fold_margins(judged, context, folds=folds, repeats=repeats)
    else:
        row_margins = margins(*out_of_fold(judged, context, folds=folds, repeats=repeats))
    suggested = label_issues(row_margins, certainty)[: len(judged)]
    suggested[(judged["source"] == "human").to_numpy()] = -1
    for position, label in zip(judged.index[suggested >= 0], suggested[suggested >= 0], strict=True):
        reasons[position] = f"label_disagreement:says={task.labels[label]}"
    return reasons
