"""Where pieces stand whole in long sequences: all places of all lengths at once, by rolling sums.

A sequence is cut out of one long array of keys; a piece of k keys has a sum that depends on their order, and two
cumulative sums give that of any window. Only windows that begin like a piece are looked at, so that the time grows
with the length of what is searched and hardly with the number of pieces.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

BASE = 0x9E3779B97F4A7C15
BACK = pow(BASE, -1, 2**64)
BITS = 20


def windows_like(
    keys: np.ndarray, starts: np.ndarray, pieces: Sequence[np.ndarray], least: int
) -> Iterator[tuple[int, int]]:
    """Pairs of a sequence and a piece (their numbers) that probably stands in it as it is, the longest pieces first.

    `keys` are 64-bit numbers, sequence k being `keys[starts[k]:starts[k + 1]]`; every piece has at least `least`
    keys. Whoever needs to be sure compares the two.
    """
    import numpy as np

    if not len(keys) or not pieces:
        return
    up = np.full(len(keys), BASE, dtype=np.uint64)
    down = np.full(len(keys), BACK, dtype=np.uint64)
    up[0] = down[0] = 1
    down = np.cumprod(down)
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(keys * np.cumprod(up))])
    places = np.arange(max(len(keys) - least + 1, 0))
    begun = np.zeros(2**BITS, dtype=bool)
    begun[[_slot(_sum(piece[:least])) for piece in pieces]] = True
    heads = (sums[places + least] - sums[places]) * down[places]
    places = places[begun[(heads >> np.uint64(64 - BITS)).astype(np.int64)]]
    owners = np.searchsorted(starts, places, side="right") - 1
    room = starts[owners + 1] - places
    by_length: dict[int, dict[int, list[int]]] = {}
    for number, piece in enumerate(pieces):
        by_length.setdefault(len(piece), {}).setdefault(_sum(piece), []).append(number)
    for length in sorted(by_length, reverse=True):
        wanted = by_length[length]
        fits = np.flatnonzero(room >= length)
        at = places[fits]
        found = (sums[at + length] - sums[at]) * down[at]
        for hit in np.flatnonzero(np.isin(found, np.array(list(wanted), dtype=np.uint64))).tolist():
            for number in wanted[int(found[hit])]:
                yield int(owners[fits[hit]]), number


def _sum(piece: np.ndarray) -> int:
    total, power = 0, 1
    for key in piece.tolist():
        total, power = (total + key * power) % 2**64, power * BASE % 2**64
    return total


def _slot(total: int) -> int:
    return total >> (64 - BITS)
