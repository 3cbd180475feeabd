"""Gate check for words that the seed rows do not contain, beyond those that any new row brings.

Seed rows are accepted rows that people wrote. New text always contains some unseen words. Their expected share equals
the share of the seed rows' words that occur just once (I. J. Good 1953, Biometrika 40:237-264). The excess is drift:
another subject, product or language. The variance of the estimate is from W. W. Esty 1983, Annals of Statistics
11:905-912.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from veritrain_lib.quality.checks.length_drift import subsample, text_fields
from veritrain_lib.quality.dataset_metric import DatasetMetric, not_measured, reference_rows
from veritrain_lib.quality.text.normal_form import FIELD_END, joined, normal, unspaced

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.quality.context import Context

NORMAL_975 = 1.959964
MAXIMUM_NAMED = 8


def check(
    rows: pd.DataFrame, context: Context, *, sample: Annotated[int, Field(ge=100)] = 20_000
) -> DatasetMetric:
    """Measure the share of words that the seed rows do not contain, beyond the expected share.

    The metric runs from 0 to 1. Words are those of the normal form, or character bigrams for scripts without spaces.
    The rows that no row check rejected are compared with the seed rows: accepted rows that people wrote, or the
    development rows as long as there are none. The note names the most frequent unseen words.

    Args:
        rows: Rows to check.
        context: Task and reference data.
        sample: Largest number of rows of each side that are read, drawn with the context's seed.

    Returns:
        The metric with its 95 % interval and a note.
    """
    import numpy as np

    reference = reference_rows(context)
    fields = [name for name in text_fields(context.task) if name in reference.columns]
    reference_counts = Counter(
        word for text in joined(subsample(reference, sample, context.seed), fields) for word in words(text)
    )
    ours = [words(text) for text in joined(subsample(rows, sample, context.seed), fields)]
    totals = np.array([len(row) for row in ours], dtype=float)
    if not reference_counts or not totals.sum():
        return not_measured("there are no words to compare on both sides")
    new = np.array([sum(word not in reference_counts for word in row) for row in ours], dtype=float)
    size, once, twice = (
        reference_counts.total(),
        *(sum(count == n for count in reference_counts.values()) for n in (1, 2)),
    )
    expected, share = once / size, float(new.sum() / totals.sum())
    # The share is a ratio of sums over rows: rows, not words, are drawn independently.
    spread = float(((new - share * totals) ** 2).sum() / totals.sum() ** 2)
    spread += (once * (1 - expected) + 2 * twice) / size**2
    value, half_width = share - expected, NORMAL_975 * spread**0.5
    low, middle, high = (
        min(max(number, 0.0), 1.0) for number in (value - half_width, value, value + half_width)
    )
    unseen = Counter(word for row in ours for word in row if word not in reference_counts)
    note = f"{share:.1%} of the words are new, {expected:.1%} are to be expected; most frequent: "
    return DatasetMetric(low=low, value=middle, high=high, n=len(ours),
                    note=note + (", ".join(word for word, _ in unseen.most_common(MAXIMUM_NAMED)) or "none"))  # fmt: skip


def words(text: str) -> list[str]:
    """Return the words of a row's texts in normal form, field by field, for the check `vocabulary_drift`.

    Args:
        text: The row's fields, joined by the separator `FIELD_END` (U+001F).

    Returns:
        The words; for a field in a script without spaces, its character bigrams.
    """
    return [word for part in text.split(FIELD_END) for word in _words_of(normal(part))]


def _words_of(part: str) -> list[str]:
    if not unspaced(part):
        return part.split()
    characters = part.replace(" ", "")
    return [characters[start : start + 2] for start in range(len(characters) - 1)]
