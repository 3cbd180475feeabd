"""Gate check for nearly repeated messages: a typo, another small word, an added greeting, another word order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from veritrain_lib.quality.checks.exact_duplicate import human_rows_first
from veritrain_lib.quality.duplicates.near_duplicates import NearDuplicateMatcher
from veritrain_lib.quality.prepared_texts import tokens_in
from veritrain_lib.quality.text.tokens import concatenated_tokens, reordered_tokens

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.quality.context import Context


def check(rows: pd.DataFrame, context: Context, *, spare_variations: bool = True) -> pd.Series[str]:
    """Flag rows that nearly repeat an accepted or an earlier row.

    Reason: `near_duplicate:of=<id>` (the test is in `quality/duplicates/near_duplicates.py`). Exact duplicates get no
    reason here; the check `exact_duplicate` flags them. Of several duplicates the first is kept, and rows that people
    wrote count as earlier than others.

    Args:
        rows: Rows to check.
        context: Task and reference data.
        spare_variations: Whether a row that was made as a variation of another row (its provenance names `operations`
            and `seed_rows`) may resemble that row and the row's other variations, since that is its purpose.

    Returns:
        One reason a row, aligned to `rows.index`; "" for a row that passes.
    """
    import numpy as np
    import pandas as pd

    inputs = list(context.task.inputs)
    order, accepted = human_rows_first(rows), len(context.accepted_rows)
    tokens = reordered_tokens(tokens_in(rows, inputs), order)
    ids = rows["id"].astype(str).to_numpy(dtype=object)[order]
    provenance = _provenance(rows)[order]
    if accepted:
        tokens = concatenated_tokens(tokens_in(context.accepted_rows, inputs), tokens)
        ids = np.concatenate([context.accepted_rows["id"].astype(str).to_numpy(dtype=object), ids])
        provenance = np.concatenate([_provenance(context.accepted_rows), provenance])
    originals = NearDuplicateMatcher(context.task).earlier(tokens, _answers(rows, context, order))
    reasons = np.full(len(rows), "", dtype=object)
    for position in (np.flatnonzero(originals[accepted:] >= 0) + accepted).tolist():
        match = int(originals[position])
        if tokens.form_hashes[match] == tokens.form_hashes[position]:
            continue
        family = _varied_from(provenance[match]) | {str(ids[match])}
        if not (spare_variations and _varied_from(provenance[position]) & family):
            reasons[order[position - accepted]] = f"near_duplicate:of={ids[match]}"
    return pd.Series(reasons, index=rows.index, dtype=object)


def _answers(rows: pd.DataFrame, context: Context, order: np.ndarray) -> np.ndarray:
    """Return a number for the answer of each row, equal for equal answers and -1 for an empty one.

    Accepted rows come first, then the new rows in the given order; shape (rows,). Free-text answers are equal if they
    differ only in case, spacing and punctuation.
    """
    import numpy as np
    import pandas as pd

    field = context.task.target.field
    columns = [rows[field].to_numpy(dtype=object)[order] if field in rows.columns else np.full(len(rows), "")]
    if len(context.accepted_rows):
        columns.insert(0, context.accepted_rows[field].to_numpy(dtype=object))
    texts = pd.Series(np.concatenate(columns), dtype=object).fillna("").astype(str)
    if not context.task.labels:
        texts = texts.str.casefold().str.replace(r"\W+", " ", regex=True)
    texts = texts.str.strip()
    codes, _ = pd.factorize(texts.where(texts != "", None))
    numbers: np.ndarray = codes
    return numbers


def _provenance(rows: pd.DataFrame) -> np.ndarray:
    import numpy as np

    if "provenance" not in rows.columns:
        return np.full(len(rows), "", dtype=object)
    return rows["provenance"].to_numpy(dtype=object)


def _varied_from(provenance: object) -> frozenset[str]:
    """Return the ids of the rows of which a row is a variation, as its provenance says; empty if it is none."""
    if not isinstance(provenance, str) or '"operations"' not in provenance:
        return frozenset()
    return frozenset(map(str, json.loads(provenance).get("seed_rows", [])))
