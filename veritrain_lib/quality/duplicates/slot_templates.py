"""Copies of held-out rows with other slot values: the same template, filled in with another city or number.

Where a template is common among the rows it is how people ask, and no copy; where it stands in a held-out row
and in hardly any other, the row was made from that one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.quality.duplicates.slot_values import slot_kind
from veritrain_lib.quality.text.tokens import Tokens, joined_tokens

if TYPE_CHECKING:
    import numpy as np

USED_BY = 1  # rows that may have a held-out row's template before it counts as how people ask
LEAST_FIXED = 3  # words of a template beside its slots


def slot_swapped(tokens: Tokens, reference: Tokens) -> np.ndarray:
    """For each text the position of the first reference text with the same template, -1 for none.

    A template is the text's words in order, runs of slot values counted as one slot. It needs a slot,
    `LEAST_FIXED` other words, and at most `USED_BY` of the texts may have it.
    """
    import numpy as np

    both = joined_tokens(reference, tokens)
    keys, usable = _templates(both)
    ours, theirs = keys[len(reference) :], keys[: len(reference)]
    first = {int(theirs[place]): place for place in np.flatnonzero(usable[: len(reference)])[::-1].tolist()}
    found = np.full(len(tokens), -1)
    alike = np.flatnonzero(usable[len(reference) :] & np.isin(ours, theirs[usable[: len(reference)]]))
    values, counts = np.unique(ours[alike], return_counts=True)
    rare = set(values[counts <= USED_BY].tolist())
    for place in alike.tolist():
        if int(ours[place]) in rare:
            found[place] = first[int(ours[place])]
    return found


def _templates(tokens: Tokens) -> tuple[np.ndarray, np.ndarray]:
    """A hash of each text's template, and whether it has a slot and enough beside it."""
    import numpy as np

    from veritrain_lib.quality.text.tokens import SEED

    numbers = np.random.default_rng(SEED + 1).integers(1, 2**64, size=len(tokens.words), dtype=np.uint64)
    kinds: dict[str, int] = {"": 0}
    kind = np.array([kinds.setdefault(slot_kind(word), len(kinds)) for word in tokens.words], dtype=np.int64)
    marks = np.random.default_rng(SEED + 2).integers(1, 2**64, size=len(kinds), dtype=np.uint64)
    if not len(tokens.ids):
        return np.zeros(len(tokens), dtype=np.uint64), np.zeros(len(tokens), dtype=bool)
    kind = kind[tokens.ids]
    is_slot, owners = kind > 0, tokens.owners()
    again = np.zeros(len(is_slot), dtype=bool)
    again[1:] = is_slot[1:] & is_slot[:-1] & (owners[1:] == owners[:-1])
    kept = ~again
    values = np.where(is_slot, marks[kind], numbers[tokens.ids])[kept]
    lengths = np.bincount(owners[kept], minlength=len(tokens))
    starts = np.concatenate([[0], np.cumsum(lengths)])
    within = np.arange(len(values)) - np.repeat(starts[:-1], lengths)
    powers = np.cumprod(np.full(int(within.max()) + 1, 0x9E3779B97F4A7C15, dtype=np.uint64))
    ends = np.concatenate([[np.uint64(0)], np.cumsum(values * powers[within], dtype=np.uint64)])
    with_slot = np.bincount(owners[kept & is_slot], minlength=len(tokens))
    return ends[starts[1:]] - ends[starts[:-1]], (with_slot > 0) & (lengths - with_slot >= LEAST_FIXED)
