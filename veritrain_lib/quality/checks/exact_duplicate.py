"""Gate check for repeated messages, whatever their case, spacing or punctuation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.quality.prepared_texts import tokens_in
from veritrain_lib.quality.text.normal_form import joined, normal

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.quality.context import Context


def check(rows: pd.DataFrame, context: Context) -> pd.Series[str]:
    """Flag rows that repeat an earlier one, apart from case, spacing and punctuation.

    Reason: `exact_duplicate:of=<id>`. The normal form (NFKC, case, spaces, punctuation) is compared with accepted rows
    and with earlier rows. Of several duplicates the first is kept, and rows that people wrote count as earlier than
    others. Rows without text get no reason here; the check `empty` flags them.

    Args:
        rows: Rows to check.
        context: Task and reference data.

    Returns:
        One reason a row, aligned to `rows.index`; "" for a row that passes.
    """
    import numpy as np
    import pandas as pd

    inputs = list(context.task.inputs)
    accepted = len(context.accepted_rows)
    order = human_rows_first(rows)
    forms = tokens_in(rows, inputs).form_hashes[order]
    ids = rows["id"].astype(str).to_numpy(dtype=object)[order]
    if accepted:
        forms = np.concatenate([tokens_in(context.accepted_rows, inputs).form_hashes, forms])
        ids = np.concatenate([context.accepted_rows["id"].astype(str).to_numpy(dtype=object), ids])
    first = first_occurrences(forms)
    duplicates = np.flatnonzero(first != np.arange(len(first)))
    duplicates = duplicates[duplicates >= accepted]
    reasons = np.full(len(rows), "", dtype=object)
    texts = joined(rows.iloc[order[duplicates - accepted]], inputs)
    for position, text in zip(duplicates.tolist(), texts, strict=True):
        if normal(text):
            reasons[order[position - accepted]] = f"exact_duplicate:of={ids[first[position]]}"
    return pd.Series(reasons, index=rows.index, dtype=object)


def first_occurrences(keys: np.ndarray) -> np.ndarray:
    """Return for each key the position at which the same key occurs first, to find repeated rows.

    Args:
        keys: Keys of the rows, such as hashes, shape (rows,).

    Returns:
        Positions from 0, shape (rows,); a key that occurs for the first time gets its own position.
    """
    import numpy as np

    order = np.argsort(keys, kind="stable")
    fresh = np.concatenate([[True], keys[order][1:] != keys[order][:-1]]) if len(keys) else np.zeros(0, bool)
    heads = order[fresh]
    first = np.empty(len(keys), dtype=np.int64)
    first[order] = heads[np.cumsum(fresh) - 1] if len(keys) else heads
    return first


def human_rows_first(rows: pd.DataFrame) -> np.ndarray:
    """Return the order in which rows are compared for duplicates: rows that people wrote, then all others.

    Args:
        rows: Rows with a column `source`.

    Returns:
        Positions of the rows in that order, shape (rows,).
    """
    import numpy as np

    order: np.ndarray = np.argsort((rows["source"] != "human").to_numpy(dtype=bool), kind="stable")
    return order
