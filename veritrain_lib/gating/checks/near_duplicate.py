"""Almost the same message twice: a typo, another small word, a greeting put in front."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.gating.checks.exact_duplicate import people_first
from veritrain_lib.gating.likeness import Matcher
from veritrain_lib.gating.texts import joined, normal

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.gating.context import Context


def check(rows: pd.DataFrame, context: Context) -> pd.Series[str]:
    """`near_duplicate:of=<id>` for a row that says the same as a trusted row or an earlier one (`likeness`).

    Exact copies are left to `exact_duplicate`. Of several the first stays, people's before others'.
    """
    import pandas as pd

    inputs = list(context.task.inputs)
    trusted = joined(context.trusted, inputs) if len(context.trusted) else []
    texts = joined(rows, inputs)
    order = people_first(rows)
    whole = [*trusted, *(texts[number] for number in order)]
    ids = [
        *(context.trusted["id"].astype(str) if trusted else []),
        *(str(rows["id"].iloc[number]) for number in order),
    ]
    normals = [normal(text) for text in whole]
    reasons = [""] * len(rows)
    for place, match in enumerate(
        Matcher(context.task).earlier_copies(whole)[len(trusted) :], start=len(trusted)
    ):
        if match is not None and normals[match] != normals[place]:
            reasons[order[place - len(trusted)]] = f"near_duplicate:of={ids[match]}"
    return pd.Series(reasons, index=rows.index, dtype=object)
