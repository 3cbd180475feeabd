"""Almost the same message twice: a typo, another small word, a greeting put in front."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from veritrain_lib.gating.checks.exact_duplicate import people_first
from veritrain_lib.gating.likeness import Matcher
from veritrain_lib.gating.texts import joined, normal

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.gating.context import Context


def check(rows: pd.DataFrame, context: Context, *, spare_variations: bool = True) -> pd.Series[str]:
    """`near_duplicate:of=<id>` for a row that says the same as a trusted row or an earlier one (`likeness`).

    Exact copies are left to `exact_duplicate`. Of several the first stays, people's before others'. With
    `spare_variations` (the default) a row that was made by varying another one, and whose provenance says so
    (`operations` and `seed_rows`), may be like that row and like its other variations: that is its purpose.
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
    varied = _varied_from(rows)
    seeds = [*_varied_from(context.trusted), *(varied[number] for number in order)]
    reasons = [""] * len(rows)
    for place, match in enumerate(
        Matcher(context.task).earlier_copies(whole)[len(trusted) :], start=len(trusted)
    ):
        if match is None or normals[match] == normals[place]:
            continue
        family = seeds[match] | {ids[match]}
        if not (spare_variations and seeds[place] & family):
            reasons[order[place - len(trusted)]] = f"near_duplicate:of={ids[match]}"
    return pd.Series(reasons, index=rows.index, dtype=object)


def _varied_from(rows: pd.DataFrame) -> list[frozenset[str]]:
    """Per row, the ids of the rows it was varied from; empty for a row that is nobody's variation."""
    if "provenance" not in rows.columns:
        return [frozenset()] * len(rows)
    notes = [json.loads(text) if text else {} for text in rows["provenance"]]
    return [
        frozenset(map(str, note.get("seed_rows", []))) if "operations" in note else frozenset()
        for note in notes
    ]
