"""Pairs of texts that share a run of words which hardly any other text has.

Two messages made from one template share its words with many others; a copy shares rare runs with its original
alone. So a pair that shares a rare run is a candidate, and how rare what it shares is says how little of it is
chance. Everything is numpy arrays: n log n in the number of words, whatever the data look like.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

RUN = 3  # words of a run, the ends of a text counted as words


def run_hashes(keys: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of all runs of `RUN` words and the number of the text that each is from.

    `keys` holds a number for each word of all texts one after the other, text k from `starts[k]` on. A text
    of w words has w runs: one mark stands at each of its ends. A text without words has none.
    """
    import numpy as np

    count = len(starts) - 1
    places = np.arange(len(keys)) + 2 * np.repeat(np.arange(count), np.diff(starts)) + 1
    padded = np.full(len(keys) + 2 * count, np.uint64(0x9E3779B97F4A7C15))
    padded[places] = keys
    mixed = (padded[:-2] * np.uint64(0xBF58476D1CE4E5B9)) ^ (
        padded[1:-1] * np.uint64(0x94D049BB133111EB) << np.uint64(1)
    )
    mixed = (mixed ^ (mixed >> np.uint64(29))) + padded[2:] * np.uint64(0xD6E8FEB86659FD93)
    owners = np.repeat(np.arange(count, dtype=np.int64), np.diff(starts))
    return mixed[places - 1], owners


def rare_pairs(
    hashes: np.ndarray, owners: np.ndarray, *, shared_by: int, across: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs (earlier, later) of texts that share a run with at most `shared_by` texts in all, and for each the
    sum of 1 / (texts that share the run - 1) over these runs: how many runs it has for itself.

    With `across` only pairs of a text below that number with one from it on, and only the latter are counted
    as sharing it with more than one of the former.
    """
    import numpy as np

    # A run that stands in one text only is most of them: dropped before anything is sorted.
    bits = max(16, int(np.ceil(np.log2(max(len(hashes), 1)))) + 2)
    slots = (hashes >> np.uint64(64 - bits)).astype(np.int64)
    seen = np.zeros(2**bits, dtype=np.uint8)
    if across:
        seen[slots[owners < across]] = 1
        kept = np.flatnonzero(seen[slots] == 1)
    else:
        kept = np.flatnonzero(_twice(slots, seen))
    order = kept[np.lexsort((owners[kept], hashes[kept]))]
    keys, rows = hashes[order], owners[order]
    fresh = np.ones(len(keys), dtype=bool)
    fresh[1:] = (keys[1:] != keys[:-1]) | (rows[1:] != rows[:-1])
    keys, rows = keys[fresh], rows[fresh]
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else np.zeros(0, int)
    sizes = np.diff(np.concatenate([first, [len(keys)]]))
    size = np.repeat(sizes, sizes)
    group = np.repeat(np.arange(len(sizes)), sizes)
    left, right, weight = [], [], []
    for step in range(1, shared_by):
        at = (
            np.flatnonzero((group[step:] == group[:-step]) & (size[:-step] <= shared_by))
            if len(keys) > step
            else np.zeros(0, int)
        )
        if across:
            at = at[(rows[at] < across) & (rows[at + step] >= across)]
        left.append(rows[at])
        right.append(rows[at + step])
        weight.append(1.0 / (size[at] - 1))
    return _summed(np.concatenate(left), np.concatenate(right), np.concatenate(weight))


def _twice(slots: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Which of the slots are used at least twice."""
    import numpy as np

    marks = np.arange(len(slots), dtype=np.int32)
    last = np.zeros(len(seen), dtype=np.int32)
    last[slots] = marks
    # Where the last use is another one, there are two.
    again = last[slots] != marks
    seen[slots[again]] = 1
    found: np.ndarray = seen[slots] == 1
    return found


def _summed(
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
