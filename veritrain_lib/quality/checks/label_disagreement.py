"""Gate check for label issues: labels that models trained without the row contradict with confidence.

Each row is scored by cross-validation, as in confident learning (C. Northcutt, L. Jiang, I. Chuang 2021, JAIR
70:1373-1411). The confident joint of that method alone would flag 5 % of the clean rows among 12 similar labels.
Ranking by log odds with a high threshold finds four fifths of the wrong labels there and flags 1 to 2 % of the clean
rows (`make bench-example`), and nine of ten at 0.3 % among 150 labels (`make bench-gate`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from veritrain_lib.core.errors import UserError
from veritrain_lib.encoders.of_task import encoder_name
from veritrain_lib.quality.applicability import not_applicable_if
from veritrain_lib.quality.labels.confident_learning import label_issues, margins, out_of_fold
from veritrain_lib.quality.labels.quick_students import MANY, quick_margins
from veritrain_lib.quality.labels.settled import is_settled
from veritrain_lib.quality.labels.vector_students import vector_margins
from veritrain_lib.quality.labels.word_students import exceeds_student_budget, out_of_fold_margins
from veritrain_lib.quality.rejudged_result import RejudgedResult

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.quality.context import Context


def not_applicable_reason(task: Task) -> str:
    """Return why the check `label_disagreement` can't judge a task's rows; "" if it can.

    Returns:
        The reason, if the answers are free text; else "".
    """
    return "" if task.labels else "it compares labels, and the answers of this task are free text"


@not_applicable_if(not_applicable_reason)
def check(
    rows: pd.DataFrame,
    context: Context,
    *,
    folds: Annotated[int, Field(ge=2, le=50)] = 5,
    repeats: Annotated[int, Field(ge=1, le=50)] = 3,
    certainty: Annotated[float, Field(gt=0, le=100)] = 0.6,
) -> RejudgedResult:
    """Flag rows whose label is contradicted by models that were trained without the row.

    Both new rows and rows accepted earlier are judged. Reason: `label_disagreement:says=<label>`, with the label that
    the models give.

    Accepted rows that people wrote are in every training set. Never flagged are rows that people wrote, and accepted
    rows whose label several people agreed on. Rows without an allowed answer get no reason here; the check `contract`
    flags them.

    Above 5,000 rows, accepted ones included, or if rows times labels exceed 150,000, faster models replace the task's
    own (docs/gate_scale.md). These may use fewer `folds` and `repeats` than given, or ignore them.

    Args:
        rows: Rows to check.
        context: Task and reference data.
        folds: Number of folds of the cross-validation.
        repeats: Number of times that it is repeated; log scores are means over the repeats.
        certainty: Confidence that a contradiction needs, in units of the confidence against a random wrong label
            (median log odds); higher flags fewer rows.

    Returns:
        One reason a row, aligned to `rows.index`, and one an accepted row; "" for a row that passes.

    Raises:
        UserError: The context has no `fit`, or the task has no fixed labels.
    """
    import pandas as pd

    task, accepted = context.task, context.accepted_rows
    reasons = pd.Series("", index=rows.index, dtype=object)
    accepted_reasons = pd.Series("", index=accepted.index, dtype=object)
    if not task.labels or context.fit is None:
        missing = "fit, a student to train" if context.fit is None else "fixed labels"
        raise UserError(f"label_disagreement needs {missing}; provide it or remove the rule from the suite")
    allowed = rows[task.target.field].isin(task.labels)
    judged = rows if allowed.all() else rows[allowed]
    if judged.empty:
        return RejudgedResult(reasons, accepted_reasons)
    again = _judged_again(accepted, task)
    if len(again):
        context = replace(context, accepted_rows=accepted.drop(index=again.index))
    suggested = _suggested(judged, again, context, folds, repeats, certainty)
    suggested[: len(judged)][(judged["source"] == "human").to_numpy()] = -1
    for part, numbers, texts in (
        (judged, suggested[: len(judged)], reasons),
        (again, suggested[len(judged) :], accepted_reasons),
    ):
        for position, label in zip(part.index[numbers >= 0], numbers[numbers >= 0], strict=True):
            texts[position] = f"label_disagreement:says={task.labels[label]}"
    return RejudgedResult(reasons, accepted_reasons)


def _judged_again(accepted: pd.DataFrame, task: Task) -> pd.DataFrame:
    """Return the accepted rows whose label may still be wrong.

    These are the rows with an allowed label that no person wrote and that no second answer confirmed.
    """
    if not len(accepted):
        return accepted
    open_to_doubt = (accepted["source"] != "human") & accepted[task.target.field].isin(task.labels)
    if "provenance" in accepted.columns:
        open_to_doubt &= ~is_settled(accepted["provenance"])
    return accepted[open_to_doubt]


def _suggested(
    judged: pd.DataFrame, again: pd.DataFrame, context: Context, folds: int, repeats: int, certainty: float
) -> np.ndarray:
    """Return the number of the label that contradicts each row's own, or -1 for no contradiction.

    New rows (`judged`) come first, then accepted rows (`again`); shape (rows,).
    """
    import pandas as pd

    together = pd.concat([judged, again], ignore_index=True) if len(again) else judged
    many = exceeds_student_budget(len(together) + len(context.accepted_rows), len(context.task.labels))
    if many and encoder_name(context.task):
        row_margins = vector_margins(together, context, folds=folds)
    elif len(together) > MANY:
        row_margins = quick_margins(together, context)
    elif many:
        row_margins = out_of_fold_margins(together, context, folds=folds, repeats=repeats)
    else:
        row_margins = margins(*out_of_fold(together, context, folds=folds, repeats=repeats))
    return label_issues(row_margins, certainty)[: len(together)]
