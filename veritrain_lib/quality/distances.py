"""Distances between two samples, from 0 (equal) to 1 (nothing in common), for the gate's drift checks."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from veritrain_lib.quality.dataset_metric import RESAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np


def total_variation(ours: Sequence[str], theirs: Sequence[str], seed: int) -> tuple[float, float, float]:
    """Return the total variation distance of two samples of categories, with its 95 % interval.

    It is half the sum of the absolute differences of shares: the share of values that would have to change. The
    interval is a bootstrap of both samples.

    Args:
        ours: Values of the first sample, at least one.
        theirs: Values of the second sample, at least one.
        seed: Seed of the bootstrap.

    Returns:
        Distance, low end and high end, each 0 to 1.
    """
    import numpy as np

    tallies = [Counter(side) for side in (ours, theirs)]
    values = sorted({*tallies[0], *tallies[1]})
    counts = [np.array([side[value] for value in values]) for side in tallies]
    return _with_interval(counts, seed, lambda gaps: np.abs(gaps).sum(axis=-1) / 2)


def kolmogorov(ours: Sequence[int], theirs: Sequence[int], seed: int) -> tuple[float, float, float]:
    """Return the Kolmogorov-Smirnov statistic of two samples of numbers, with its 95 % interval.

    It is the largest gap between the two cumulative distributions. The interval is a bootstrap of both samples.

    Args:
        ours: Values of the first sample, at least one.
        theirs: Values of the second sample, at least one.
        seed: Seed of the bootstrap.

    Returns:
        Statistic, low end and high end, each 0 to 1.
    """
    import numpy as np

    values = np.unique([*ours, *theirs])
    counts = [np.bincount(np.searchsorted(values, side), minlength=len(values)) for side in (ours, theirs)]
    return _with_interval(counts, seed, lambda gaps: np.abs(gaps.cumsum(axis=-1)).max(axis=-1))


def _with_interval(
    counts: list[np.ndarray], seed: int, distance: Callable[[np.ndarray], np.ndarray]
) -> tuple[float, float, float]:
    """Return the distance of two samples with the ends of its 95 % interval, from their counts.

    A distance between samples is never below 0, so chance makes it too large, and makes the distance of their resamples
    too large twice. The low end corrects for this in two ways and takes the smaller result: mirrored at the value (the
    basic bootstrap, A. C. Davison and D. V. Hinkley 1997, Bootstrap Methods and their Application, 5.2), and reduced by
    the distance that chance alone gives two samples of these sizes from one population, which matters if there are more
    values than rows. The high end is that of the resamples.

    Args:
        counts: For each of the two samples the number of its rows with each value.
        seed: Seed of the resamples.
        distance: Function that returns the distance for differences of shares, over the last axis.

    Returns:
        Distance, low end and high end.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    sizes = [int(side.sum()) for side in counts]
    shares = [side / side.sum() for side in counts]
    pooled = np.add(counts[0], counts[1]) / sum(sizes)

    def resampled_distances(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
        sides = [
            rng.multinomial(n, p, size=RESAMPLES) / n for n, p in zip(sizes, (ours, theirs), strict=True)
        ]
        return distance(sides[0] - sides[1])

    value = float(distance(shares[0] - shares[1]))
    upper = float(np.quantile(resampled_distances(*shares), 0.975))
    chance_level = float(np.quantile(resampled_distances(pooled, pooled), 0.975))
    low = min(2 * value - upper, value - chance_level)
    return value, max(low, 0.0), min(max(upper, value), 1.0)
