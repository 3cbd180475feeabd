"""Search for many short sequences of words in long ones, all at once by rolling sums, for `contained_rows`.

The long sequences are slices of one array of keys (a number for each word). A window of keys has a sum that depends on
their order, and cumulative sums give that of any window. Only windows that begin like one of the short sequences are
examined, so the time grows with the length of the searched array and hardly with the number of short sequences.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

BASE = 0x9E3779B97F4A7C15
INVERSE_BASE = pow(BASE, -1, 2**64)
BITS = 20


def find_subsequences(
    keys: np.ndarray, starts: np.ndarray, pieces: Sequence[np.ndarray], least: int
) -> Iterator[tuple[int, int]]:
    """Find where short sequences of words probably occur in long ones.

    Matches are by hash; a caller that needs certainty must compare the two sequences.

    Args:
        keys: 64-bit numbers of the words of all long sequences, one after the other.
        starts: Boundaries: sequence k is `keys[starts[k]:starts[k + 1]]`.
        pieces: The short sequences to search for, each of at least `least` keys.
        least: Smallest length of a short sequence.

    Yields:
        Number of a long sequence and number of a short one that it contains, the longest short ones first.
    """
    import numpy as np

    if not len(keys) or not pieces:
        return
    powers = np.full(len(keys), BASE, dtype=np.uint64)
    inverse_powers = np.full(len(keys), INVERSE_BASE, dtype=np.uint64)
    powers[0] = inverse_powers[0] = 1
    inverse_powers = np.cumprod(inverse_powers)
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(keys * np.cumprod(powers))])
    positions = np.arange(max(len(keys) - least + 1, 0))
    head_slots = np.zeros(2**BITS, dtype=bool)
    head_slots[[_slot(_ordered_sum(piece[:least])) for piece in pieces]] = True
    heads = (sums[positions + least] - sums[positions]) * inverse_powers[positions]
    positions = positions[head_slots[(heads >> np.uint64(64 - BITS)).astype(np.int64)]]
    sequences = np.searchsorted(starts, positions, side="right") - 1
    room = starts[sequences + 1] - positions
    by_length: dict[int, dict[int, list[int]]] = {}
    for number, piece in enumerate(pieces):
        by_length.setdefault(len(piece), {}).setdefault(_ordered_sum(piece), []).append(number)
    for length in sorted(by_length, reverse=True):
        wanted = by_length[length]
        long_enough = np.flatnonzero(room >= length)
        candidates = positions[long_enough]
        window_sums = (sums[candidates + length] - sums[candidates]) * inverse_powers[candidates]
        for hit in np.flatnonzero(np.isin(window_sums, np.array(list(wanted), dtype=np.uint64))).tolist():
            for number in wanted[int(window_sums[hit])]:
                yield int(sequences[long_enough[hit]]), number


def _ordered_sum(piece: np.ndarray) -> int:
    total, power = 0, 1
    for key in piece.tolist():
        total, power = (total + key * power) % 2**64, power * BASE % 2**64
    return total


def _slot(total: int) -> int:
    return total >> (64 - BITS)
