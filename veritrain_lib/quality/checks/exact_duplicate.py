"""The same message twice, whatever its case, spacing or punctuation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.quality.prepared_texts import tokens_in
from veritrain_lib.quality.text.normal_form import joined, normal

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.quality.context import Context


def check(rows: pd.DataFrame, context: Context) -> pd.Series[str]:
    """`exact_duplicate:of=<id>` for a row whose normal form (NFKC, case, spaces, punctuation) was there before:
    in a trusted row or earlier among the rows. Of several copies the first stays, people's before others'.
    Rows without text are left to `empty`.
    """
    import numpy as np
    import pandas as pd

    inputs = list(context.task.inputs)
    trusted = len(context.trusted)
    order = people_first(rows)
    forms = tokens_in(rows, inputs).forms[order]
    owners = rows["id"].astype(str).to_numpy(dtype=object)[order]
    if trusted:
        forms = np.concatenate([tokens_in(context.trusted, inputs).forms, forms])
        owners = np.concatenate([context.trusted["id"].astype(str).to_numpy(dtype=object), owners])
    first = first_of_each(forms)
    copies = np.flatnonzero(first != np.arange(len(first)))
    copies = copies[copies >= trusted]
    reasons = np.full(len(rows), "", dtype=object)
    texts = joined(rows.iloc[order[copies - trusted]], inputs)
    for place, text in zip(copies.tolist(), texts, strict=True):
        if normal(text):
            reasons[order[place - trusted]] = f"exact_duplicate:of={owners[first[place]]}"
    return pd.Series(reasons, index=rows.index, dtype=object)


def first_of_each(keys: np.ndarray) -> np.ndarray:
    """For each key the place at which the same key stands first."""
    import numpy as np

    order = np.argsort(keys, kind="stable")
    fresh = np.concatenate([[True], keys[order][1:] != keys[order][:-1]]) if len(keys) else np.zeros(0, bool)
    heads = order[fresh]
    first = np.empty(len(keys), dtype=np.int64)
    first[order] = heads[np.cumsum(fresh) - 1] if len(keys) else heads
    return first


def people_first(rows: pd.DataFrame) -> np.ndarray:
    """Positions of rows in the order in which copies keep their place: people's rows, then the others."""
    import numpy as np

    order: np.ndarray = np.argsort((rows["source"] != "human").to_numpy(dtype=bool), kind="stable")
    return order
