"""Words that the seed rows do not know, beyond those that any new row brings.

A fresh text always holds some words that were not seen: as many as words that the reference holds just once make up of
it (I. J. Good 1953, Biometrika 40:237-264). What is above that is drift: another subject, product or language. The
variance of that estimate is from W. W. Esty 1983, Annals of Statistics 11:905-912.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from veritrain_lib.quality.checks.length_drift import drawn, text_fields
from veritrain_lib.quality.dataset_metric import Measured, nothing_measured, reference_rows
from veritrain_lib.quality.text.normal_form import FIELD_END, joined, normal, unspaced

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.quality.context import Context

NORMAL_975 = 1.959964
NAMED = 8


def check(
    rows: pd.DataFrame, context: Context, *, sample: Annotated[int, Field(ge=100)] = 20_000
) -> Measured:
    """The share of words that the seed rows do not hold, less the share that is to be expected; 0 to 1.

    Words are those of the normal form, of scripts without spaces pairs of characters. At most `sample` rows of each side
    are read, chosen by the context's seed. Compared with people's trusted rows, with development rows while none is
    trusted; only rows that the row checks leave count. The note names the unknown words that are most frequent.
    """
    import numpy as np

    reference = reference_rows(context)
    fields = [name for name in text_fields(context.task) if name in reference.columns]
    known = Counter(
        word for text in joined(drawn(reference, sample, context.seed), fields) for word in words(text)
    )
    ours = [words(text) for text in joined(drawn(rows, sample, context.seed), fields)]
    totals = np.array([len(row) for row in ours], dtype=float)
    if not known or not totals.sum():
        return nothing_measured("there are no words to compare on both sides")
    new = np.array([sum(word not in known for word in row) for row in ours], dtype=float)
    size, once, twice = known.total(), *(sum(count == n for count in known.values()) for n in (1, 2))
    expected, share = once / size, float(new.sum() / totals.sum())
    # The share is a ratio of sums over rows: rows, not words, are drawn independently.
    spread = float(((new - share * totals) ** 2).sum() / totals.sum() ** 2)
    spread += (once * (1 - expected) + 2 * twice) / size**2
    value, half = share - expected, NORMAL_975 * spread**0.5
    low, middle, high = (min(max(one, 0.0), 1.0) for one in (value - half, value, value + half))
    strange = Counter(word for row in ours for word in row if word not in known)
    note = f"{share:.1%} of the words are new, {expected:.1%} are to be expected; most frequent: "
    return Measured(low=low, value=middle, high=high, n=len(ours),
                    note=note + (", ".join(word for word, _ in strange.most_common(NAMED)) or "none"))  # fmt: skip


def words(text: str) -> list[str]:
    """The words of a text's normal form, field by field; of a field without spaces, its pairs of characters."""
    return [word for part in text.split(FIELD_END) for word in _words_of(normal(part))]


def _words_of(part: str) -> list[str]:
    if not unspaced(part):
        return part.split()
    dense = part.replace(" ", "")
    return [dense[at : at + 2] for at in range(len(dense) - 1)]
