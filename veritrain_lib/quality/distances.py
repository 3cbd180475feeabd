"""How far two samples are apart: a number from 0 (alike) to 1 (nothing in common), with its interval."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from veritrain_lib.quality.dataset_metric import RESAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np


def total_variation(ours: Sequence[str], theirs: Sequence[str], seed: int) -> tuple[float, float, float]:
    """Half the sum of the differences of shares, the part that would have to change its value; low and high end.

    The interval is a bootstrap of both samples, drawn from `seed`. Both samples need at least one value.
    """
    import numpy as np

    found = [Counter(side) for side in (ours, theirs)]
    values = sorted({*found[0], *found[1]})
    counts = [np.array([side[value] for value in values]) for side in found]
    return _with_interval(counts, seed, lambda gaps: np.abs(gaps).sum(axis=-1) / 2)


def kolmogorov(ours: Sequence[int], theirs: Sequence[int], seed: int) -> tuple[float, float, float]:
    """The largest gap between the two cumulative shares (the statistic of Kolmogorov and Smirnov); low and high.

    The interval is a bootstrap of both samples, drawn from `seed`. Both samples need at least one value.
    """
    import numpy as np

    values = np.unique([*ours, *theirs])
    counts = [np.bincount(np.searchsorted(values, side), minlength=len(values)) for side in (ours, theirs)]
    return _with_interval(counts, seed, lambda gaps: np.abs(gaps.cumsum(axis=-1)).max(axis=-1))


def _with_interval(
    counts: list[np.ndarray], seed: int, distance: Callable[[np.ndarray], np.ndarray]
) -> tuple[float, float, float]:
    """The distance of two rows of counts with the ends of a 95 % interval.

    A distance between samples is never below 0, so it is too large by chance, and that of their resamples twice so.
    The low end takes that out twice over and keeps the smaller: mirrored at the value (the basic bootstrap, A. C. Davison
    and D. V. Hinkley 1997, Bootstrap Methods and their Application, 5.2), and less what chance alone gives two samples of
    these sizes from one population, which matters where there are more values than rows. The high end is the resamples'.
    """
    import numpy as np

    chance = np.random.default_rng(seed)
    sizes = [int(side.sum()) for side in counts]
    shares = [side / side.sum() for side in counts]
    together = np.add(counts[0], counts[1]) / sum(sizes)

    def drawn(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
        sides = [
            chance.multinomial(n, p, size=RESAMPLES) / n for n, p in zip(sizes, (ours, theirs), strict=True)
        ]
        return distance(sides[0] - sides[1])

    value = float(distance(shares[0] - shares[1]))
    far = float(np.quantile(drawn(*shares), 0.975))
    by_chance = float(np.quantile(drawn(together, together), 0.975))
    low = min(2 * value - far, value - by_chance)
    return value, max(low, 0.0), min(max(far, value), 1.0)
