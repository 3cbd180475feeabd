"""Function that finds the labels which the student model confuses most, for the prompt of the teacher `llm`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.models.base import Scorer

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.teachers.base import TeacherRequest

FOLDS = 2


def neighbours(request: TeacherRequest) -> dict[str, str]:
    """Return for each label the other label that the student model confuses it with most.

    That is the other label with the highest mean score on the label's accepted rows; of equal ones the
    alphabetically first. A row is scored by a student model that was not trained on it (two folds); if a fold
    had only one label, by one trained on all rows. The result is empty for a free-text target, for fewer than
    two labels, and for a student model without scores.
    """
    import pandas as pd

    target = request.task.target.field
    rows = request.accepted_rows[request.accepted_rows[target] != ""].reset_index(drop=True)
    if not request.task.labels or rows[target].nunique() < 2:
        return {}
    folds = rows.groupby(target).cumcount() % FOLDS
    splits = [
        (rows[folds != fold_number], rows[folds == fold_number])
        for fold_number in range(FOLDS)
        if (folds == fold_number).any() and rows.loc[folds != fold_number, target].nunique() > 1
    ]
    parts = splits if len(splits) == FOLDS else [(rows, rows)]
    score_tables = [_scores(request, training_rows, scored_rows) for training_rows, scored_rows in parts]
    if any(table is None for table in score_tables):
        return {}
    all_scores = pd.concat([table for table in score_tables if table is not None]).fillna(0.0)
    means = all_scores.groupby(level=0).mean()
    return {
        str(label): min(others.index, key=lambda other: (-others[other], other))
        for label, label_scores in means.iterrows()
        if len(others := label_scores.drop(labels=str(label), errors="ignore"))
    }


def _scores(
    request: TeacherRequest, training_rows: pd.DataFrame, scored_rows: pd.DataFrame
) -> pd.DataFrame | None:
    """Train a student model and return its scores of other rows; None if it gives no scores.

    Args:
        request: The request to the teacher, which trains the model.
        training_rows: The rows to train on.
        scored_rows: The rows to score.

    Returns:
        A data frame with one row per scored row, whose index is the row's label, and one column per label.
    """
    import pandas as pd

    # A third-party trainer may make a model that gives no scores.
    student: object = request.fit(training_rows)
    if not isinstance(student, Scorer):
        return None
    labels = scored_rows[request.task.target.field].tolist()
    return pd.DataFrame(student.scores(scored_rows), columns=list(student.labels), index=labels)
