"""Candidates for near copies by MinHash: sets of shingles that overlap much share a band of their sketch."""

from __future__ import annotations

from collections.abc import Iterable

PERMUTATIONS = 120
BANDS = 30
SEED = 42
"""With 30 bands of 4, a pair of Jaccard similarity s is found with probability 1 - (1 - s^4)^30: 0.86 at 0.5,
0.998 at 0.66, 0.05 at 0.2 (Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, 3.4)."""


class Sketches:
    """An index of numbered sets of shingles (rensa)."""

    def __init__(self) -> None:
        self._bands: dict[tuple[int, tuple[int, ...]], list[int]] = {}

    def add(self, number: int, shingles: Iterable[str]) -> None:
        """Put a set in under a number."""
        for band in _bands_of(shingles):
            self._bands.setdefault(band, []).append(number)

    def candidates(self, shingles: Iterable[str]) -> set[int]:
        """Numbers of sets that probably overlap much."""
        return {number for band in _bands_of(shingles) for number in self._bands.get(band, ())}


def _bands_of(shingles: Iterable[str]) -> list[tuple[int, tuple[int, ...]]]:
    from rensa import RMinHash

    sketch = RMinHash(num_perm=PERMUTATIONS, seed=SEED)
    sketch.update(list(shingles))
    digest = sketch.digest()
    width = PERMUTATIONS // BANDS
    return [(band, tuple(digest[band * width : (band + 1) * width])) for band in range(BANDS)]
