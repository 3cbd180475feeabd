"""Labels that a student, trained without the row, confidently contradicts.

Confident learning (C. Northcutt, L. Jiang, I. Chuang 2021, JAIR 70:1373-1411): a row is suspect when the
most likely label, among those whose score passes the mean score that rows of that label get for it, is not
the row's own. To that comes a margin, since with 12 close labels the plain rule also flags the hard rows.
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
    margin: Annotated[float, Field(ge=0, le=1)] = 0.1,
) -> pd.Series[str]:
    """`label_disagreement:says=<label>` for a row whose label is contradicted out of fold.

    `folds` and `repeats` say how often it is trained: scores are means over the repeats. `margin` is by how
    much the other label's score must exceed the own one's (0 to 1). Trusted rows of people are in every
    training set and never judged; rows without an answer are left to `contract`.

    Raises UserError when the context has no `fit` or the task has no fixed labels.
    """
    import numpy as np
    import pandas as pd

    reasons = pd.Series("", index=rows.index, dtype=object)
    target = context.task.target.field
    if not context.task.labels or context.fit is None:
        lacks = "fit, a student to train" if context.fit is None else "fixed labels"
        raise UserError(f"label_disagreement needs {lacks}; give it or take the rule out of the suite")
    judged = rows[rows[target].isin(context.task.labels)]
    if judged.empty:
        return reasons
    labels = context.task.labels
    given = np.array([labels.index(label) for label in judged[target]])
    scores = out_of_fold(judged, context, folds=folds, repeats=repeats)
    other = contradicted(scores, given, margin)
    for position, best in zip(judged.index, other, strict=True):
        if best >= 0:
            reasons[position] = f"label_disagreement:says={labels[best]}"
    return reasons
