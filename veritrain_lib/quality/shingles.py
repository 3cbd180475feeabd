"""Candidate pairs of near duplicates: texts that share a shingle (run of words) which hardly any other text has.

Two messages made from one template share their words with many others, while a copy shares rare shingles with its
original alone. So a pair that shares a rare shingle is a candidate; the rarer the shared shingles, the less likely is
chance. Everything is computed with numpy arrays in n log n of the number of words, whatever the data look like.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

SHINGLE_WORDS = 3
"""Number of words in a shingle; the beginning and the end of a text count as words."""


def shingle_hashes(keys: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return hashes of all shingles (runs of three words) of texts.

    A text of w words has w shingles, because one marker is added at each of its ends. A text without words has none.

    Args:
        keys: A 64-bit number for each word of all texts, one text after the other.
        starts: Boundaries: text k is `keys[starts[k]:starts[k + 1]]`.

    Returns:
        The hashes, and for each hash the number of its text.
    """
    import numpy as np

    count = len(starts) - 1
    positions = np.arange(len(keys)) + 2 * np.repeat(np.arange(count), np.diff(starts)) + 1
    padded = np.full(len(keys) + 2 * count, np.uint64(0x9E3779B97F4A7C15))
    padded[positions] = keys
    hashed = (padded[:-2] * np.uint64(0xBF58476D1CE4E5B9)) ^ (
        padded[1:-1] * np.uint64(0x94D049BB133111EB) << np.uint64(1)
    )
    hashed = (hashed ^ (hashed >> np.uint64(29))) + padded[2:] * np.uint64(0xD6E8FEB86659FD93)
    text_indices = np.repeat(np.arange(count, dtype=np.int64), np.diff(starts))
    return hashed[positions - 1], text_indices


def rare_shingle_pairs(
    hashes: np.ndarray, text_indices: np.ndarray, *, shared_by: int, across: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return pairs of texts that share a rare shingle (run of words) and so may be near duplicates.

    Args:
        hashes: Hashes of shingles.
        text_indices: Number of the text of each shingle.
        shared_by: Largest number of texts that may have a rare shingle.
        across: If not 0, only pairs of a text before that number and one from it on are returned.

    Returns:
        Numbers of the earlier and the later text of each pair, and the weight of each pair: the sum of 1 / (number of
        texts with the shingle - 1) over the shared rare shingles. A shingle that only the two texts have counts 1.
    """
    import numpy as np

    # Most shingles occur in one text only: they are dropped before anything is sorted.
    bits = max(16, int(np.ceil(np.log2(max(len(hashes), 1)))) + 2)
    slots = (hashes >> np.uint64(64 - bits)).astype(np.int64)
    seen = np.zeros(2**bits, dtype=np.uint8)
    if across:
        seen[slots[text_indices < across]] = 1
        candidates = np.flatnonzero(seen[slots] == 1)
    else:
        candidates = np.flatnonzero(_used_twice(slots, seen))
    order = candidates[np.lexsort((text_indices[candidates], hashes[candidates]))]
    keys, rows = hashes[order], text_indices[order]
    fresh = np.ones(len(keys), dtype=bool)
    fresh[1:] = (keys[1:] != keys[:-1]) | (rows[1:] != rows[:-1])
    keys, rows = keys[fresh], rows[fresh]
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else np.zeros(0, int)
    sizes = np.diff(np.concatenate([first, [len(keys)]]))
    size = np.repeat(sizes, sizes)
    group = np.repeat(np.arange(len(sizes)), sizes)
    left, right, weight = [], [], []
    for step in range(1, shared_by):
        positions = (
            np.flatnonzero((group[step:] == group[:-step]) & (size[:-step] <= shared_by))
            if len(keys) > step
            else np.zeros(0, int)
        )
        if across:
            positions = positions[(rows[positions] < across) & (rows[positions + step] >= across)]
        left.append(rows[positions])
        right.append(rows[positions + step])
        weight.append(1.0 / (size[positions] - 1))
    return _sum_by_pair(np.concatenate(left), np.concatenate(right), np.concatenate(weight))


def _used_twice(slots: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Return a mask of the entries in `slots` whose slot occurs at least twice."""
    import numpy as np

    marks = np.arange(len(slots), dtype=np.int32)
    last = np.zeros(len(seen), dtype=np.int32)
    last[slots] = marks
    # Where the last user of a slot is another one, it is used twice.
    again = last[slots] != marks
    seen[slots[again]] = 1
    mask: np.ndarray = seen[slots] == 1
    return mask


def _sum_by_pair(
    left: np.ndarray, right: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    import numpy as np

    if not len(left):
        return left, right, weight
    code = (left.astype(np.uint64) << np.uint64(32)) | right.astype(np.uint64)
    order = np.argsort(code, kind="stable")
    code = code[order]
    first = np.flatnonzero(np.concatenate([[True], code[1:] != code[:-1]]))
    total = np.add.reduceat(weight[order], first)
    code = code[first]
    return (code >> np.uint64(32)).astype(np.int64), (code & np.uint64(0xFFFFFFFF)).astype(np.int64), total
