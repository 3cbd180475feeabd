"""The same message twice, whatever its case, spacing or punctuation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.gating.texts import FIELD_END, joined, normal

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.gating.context import Context


def check(rows: pd.DataFrame, context: Context) -> pd.Series[str]:
    """`exact_duplicate:of=<id>` for a row whose normal form (NFKC, case, spaces, punctuation) was there before:
    in a trusted row or earlier among the rows. Of several copies the first stays, people's before others'.
    Rows without text are left to `empty`.
    """
    import pandas as pd

    inputs = list(context.task.inputs)
    first: dict[str, str] = {}
    if len(context.trusted):
        for text, owner in zip(joined(context.trusted, inputs), context.trusted["id"], strict=True):
            first.setdefault(normal(text), str(owner))
    texts = [normal(text) for text in joined(rows, inputs)]
    ids = rows["id"].astype(str).tolist()
    reasons = [""] * len(rows)
    for number in people_first(rows):
        text = texts[number]
        if not text.strip(FIELD_END + " "):
            continue
        if text in first:
            reasons[number] = f"exact_duplicate:of={first[text]}"
        else:
            first[text] = ids[number]
    return pd.Series(reasons, index=rows.index, dtype=object)


def people_first(rows: pd.DataFrame) -> list[int]:
    """Positions of rows in the order in which copies keep their place: people's rows, then the others."""
    human = (rows["source"] == "human").tolist()
    return sorted(range(len(rows)), key=lambda number: not human[number])
