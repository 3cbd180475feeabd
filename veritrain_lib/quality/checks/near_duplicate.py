"""Almost the same message twice: a typo, another small word, a greeting put in front, another order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from veritrain_lib.quality.checks.exact_duplicate import people_first
from veritrain_lib.quality.duplicates.near_duplicates import Matcher
from veritrain_lib.quality.prepared_texts import tokens_in
from veritrain_lib.quality.text.tokens import in_order, joined_tokens

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.quality.context import Context


def check(rows: pd.DataFrame, context: Context, *, spare_variations: bool = True) -> pd.Series[str]:
    """`near_duplicate:of=<id>` for a row that says the same as a trusted row or an earlier one (`likeness`).

    Exact copies are left to `exact_duplicate`. Of several the first stays, people's before others'. With
    `spare_variations` (the default) a row that was made by varying another one, and whose provenance says so
    (`operations` and `seed_rows`), may be like that row and like its other variations: that is its purpose.
    """
    import numpy as np
    import pandas as pd

    inputs = list(context.task.inputs)
    order, trusted = people_first(rows), len(context.trusted)
    tokens = in_order(tokens_in(rows, inputs), order)
    owners = rows["id"].astype(str).to_numpy(dtype=object)[order]
    notes = _notes(rows)[order]
    if trusted:
        tokens = joined_tokens(tokens_in(context.trusted, inputs), tokens)
        owners = np.concatenate([context.trusted["id"].astype(str).to_numpy(dtype=object), owners])
        notes = np.concatenate([_notes(context.trusted), notes])
    found = Matcher(context.task).earlier(tokens, _answers(rows, context, order))
    reasons = np.full(len(rows), "", dtype=object)
    for place in (np.flatnonzero(found[trusted:] >= 0) + trusted).tolist():
        match = int(found[place])
        if tokens.forms[match] == tokens.forms[place]:
            continue
        family = _varied_from(notes[match]) | {str(owners[match])}
        if not (spare_variations and _varied_from(notes[place]) & family):
            reasons[order[place - trusted]] = f"near_duplicate:of={owners[match]}"
    return pd.Series(reasons, index=rows.index, dtype=object)


def _answers(rows: pd.DataFrame, context: Context, order: np.ndarray) -> np.ndarray:
    """A number for the answer of each trusted row and each row, in the order in which they are compared."""
    import numpy as np
    import pandas as pd

    field = context.task.target.field
    given = [rows[field].to_numpy(dtype=object)[order] if field in rows.columns else np.full(len(rows), "")]
    if len(context.trusted):
        given.insert(0, context.trusted[field].to_numpy(dtype=object))
    texts = pd.Series(np.concatenate(given), dtype=object).fillna("").astype(str)
    if not context.task.labels:
        texts = texts.str.casefold().str.replace(r"\W+", " ", regex=True)
    texts = texts.str.strip()
    codes, _ = pd.factorize(texts.where(texts != "", None))
    found: np.ndarray = codes
    return found


def _notes(rows: pd.DataFrame) -> np.ndarray:
    import numpy as np

    if "provenance" not in rows.columns:
        return np.full(len(rows), "", dtype=object)
    return rows["provenance"].to_numpy(dtype=object)


def _varied_from(note: object) -> frozenset[str]:
    """The ids of the rows that a row with this provenance was varied from; empty for nobody's variation."""
    if not isinstance(note, str) or '"operations"' not in note:
        return frozenset()
    return frozenset(map(str, json.loads(note).get("seed_rows", [])))
