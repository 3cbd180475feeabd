"""The slice that the student takes each one for, out of the trusted rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.models.base import Scorer

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.teachers.base import Request

FOLDS = 2


def neighbours(request: Request) -> dict[str, str]:
    """For each label of the trusted rows, the other label with the highest mean score on its rows.

    A row is scored by a student that did not see it: the rows of every label are dealt out to two folds in
    turn. Where a fold would lack all but one label, the student that saw everything scores. Empty for a
    free-text target and for a student that gives no scores. Among equals the first in the alphabet.
    """
    import pandas as pd

    target = request.task.target.field
    rows = request.trusted[request.trusted[target] != ""].reset_index(drop=True)
    if not request.task.labels or rows[target].nunique() < 2:
        return {}
    fold = rows.groupby(target).cumcount() % FOLDS
    held_out = [
        (rows[fold != at], rows[fold == at])
        for at in range(FOLDS)
        if (fold == at).any() and rows.loc[fold != at, target].nunique() > 1
    ]
    parts = held_out if len(held_out) == FOLDS else [(rows, rows)]
    scored = [_scores(request, learnt, judged) for learnt, judged in parts]
    if any(part is None for part in scored):
        return {}
    whole = pd.concat([part for part in scored if part is not None]).fillna(0.0)
    means = whole.groupby(level=0).mean()
    return {
        str(label): min(others.index, key=lambda other: (-others[other], other))
        for label, line in means.iterrows()
        if len(others := line.drop(labels=str(label), errors="ignore"))
    }


def _scores(request: Request, learnt: pd.DataFrame, judged: pd.DataFrame) -> pd.DataFrame | None:
    """A column of scores a label; the index is each row's own label."""
    import pandas as pd

    # A trainer of somebody else's may make a model that gives no scores.
    student: object = request.fit(learnt)
    if not isinstance(student, Scorer):
        return None
    own = judged[request.task.target.field].tolist()
    return pd.DataFrame(student.scores(judged), columns=list(student.labels), index=own)
