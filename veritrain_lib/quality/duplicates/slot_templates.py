"""Search for copies of held-out rows with other slot values: the same template with another city or number.

A template that is common among the rows is ordinary usage. A template that occurs in a held-out row and in hardly any
other row shows that the row was made from the held-out one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.quality.duplicates.slot_values import slot_kind
from veritrain_lib.quality.text.tokens import Tokens, concatenated_tokens

if TYPE_CHECKING:
    import numpy as np

MAXIMUM_USERS = 1  # rows that may have a held-out row's template before it counts as ordinary usage
MINIMUM_FIXED_WORDS = 3  # words that a template needs beside its slots


def slot_swapped(tokens: Tokens, reference: Tokens) -> np.ndarray:
    """Return for each text the reference text with the same template and other slot values.

    A template is the text's words in order, with each run of slot values (such as cities or numbers) as one slot. It
    needs a slot and three other words, and only one of the texts may have it.

    Args:
        tokens: Tokens of the texts.
        reference: Tokens of the reference texts.

    Returns:
        For each text the position of the first such reference text, -1 for none; shape (texts,).
    """
    import numpy as np

    both = concatenated_tokens(reference, tokens)
    keys, usable = _templates(both)
    ours, theirs = keys[len(reference) :], keys[: len(reference)]
    first = {
        int(theirs[position]): position
        for position in np.flatnonzero(usable[: len(reference)])[::-1].tolist()
    }
    matches = np.full(len(tokens), -1)
    shared = np.flatnonzero(usable[len(reference) :] & np.isin(ours, theirs[usable[: len(reference)]]))
    values, counts = np.unique(ours[shared], return_counts=True)
    rare = set(values[counts <= MAXIMUM_USERS].tolist())
    for position in shared.tolist():
        if int(ours[position]) in rare:
            matches[position] = first[int(ours[position])]
    return matches


def _templates(tokens: Tokens) -> tuple[np.ndarray, np.ndarray]:
    """Return a hash of each text's template, and whether the template has a slot and enough other words."""
    import numpy as np

    from veritrain_lib.quality.text.tokens import SEED

    word_keys = np.random.default_rng(SEED + 1).integers(1, 2**64, size=len(tokens.words), dtype=np.uint64)
    kinds: dict[str, int] = {"": 0}
    kind = np.array([kinds.setdefault(slot_kind(word), len(kinds)) for word in tokens.words], dtype=np.int64)
    slot_keys = np.random.default_rng(SEED + 2).integers(1, 2**64, size=len(kinds), dtype=np.uint64)
    if not len(tokens.ids):
        return np.zeros(len(tokens), dtype=np.uint64), np.zeros(len(tokens), dtype=bool)
    kind = kind[tokens.ids]
    is_slot, text_indices = kind > 0, tokens.text_indices()
    continues = np.zeros(len(is_slot), dtype=bool)
    continues[1:] = is_slot[1:] & is_slot[:-1] & (text_indices[1:] == text_indices[:-1])
    kept = ~continues
    values = np.where(is_slot, slot_keys[kind], word_keys[tokens.ids])[kept]
    lengths = np.bincount(text_indices[kept], minlength=len(tokens))
    starts = np.concatenate([[0], np.cumsum(lengths)])
    within = np.arange(len(values)) - np.repeat(starts[:-1], lengths)
    powers = np.cumprod(np.full(int(within.max()) + 1, 0x9E3779B97F4A7C15, dtype=np.uint64))
    ends = np.concatenate([[np.uint64(0)], np.cumsum(values * powers[within], dtype=np.uint64)])
    with_slot = np.bincount(text_indices[kept & is_slot], minlength=len(tokens))
    return ends[starts[1:]] - ends[starts[:-1]], (with_slot > 0) & (
        lengths - with_slot >= MINIMUM_FIXED_WORDS
    )
