"""Bootstrap intervals, for one sample and for two models on the same rows.

They serve metrics that are not a mean over rows, such as a corpus score and, for two models, macro F1. Rows are
drawn with replacement; of two models, the answers to a row are drawn together. Source: B. Efron and R. J. Tibshirani (1993), An
Introduction to the Bootstrap, chapters 13 (percentile), 14 (BCa) and 16 (p value).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from veritrain_lib.statistics.intervals import Interval
from veritrain_lib.statistics.scores import FloatArray, IntArray, check_fraction

BootstrapMethod = Literal["percentile", "bca"]


@dataclass(frozen=True)
class PairedBootstrap:
    """Result of comparing two models by a paired bootstrap.

    Attributes:
        difference: the challenger's metric minus the champion's on all rows.
        interval: bootstrap confidence interval of the difference.
        standard_error: standard deviation of the difference over the resamples.
        p_greater: one-sided p value against the null hypothesis 'the difference is 0 or less': the share of resampled
            differences, centred on 0, that reach the observed one. The observed difference itself is counted as one of
            them, so p is never 0.
        n_resamples: number of resamples drawn.
    """

    difference: float
    interval: Interval
    standard_error: float
    p_greater: float
    n_resamples: int


def paired_bootstrap(
    statistic: Callable[[IntArray], float],
    n_rows: int,
    *,
    n_resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
    method: BootstrapMethod = "percentile",
) -> PairedBootstrap:
    """Compare two models by a paired bootstrap: draw rows with replacement and compare the models on each resample.

    Args:
        statistic: gets row numbers, shape (n_rows,), repeats included, and returns the
            challenger's metric minus the champion's on those rows.
        n_rows: number of rows, 1 or more.
        n_resamples: number of resamples, 1 or more, default 2000.
        seed: seed of the resamples; equal seeds give equal results, default 0.
        level: confidence level of the interval, default 0.95.
        method: `percentile` (default), or `bca` (bias-corrected and accelerated), which corrects for
            bias and skew and calls the statistic n_rows times more.

    Raises:
        ValueError: an argument is out of range, or the statistic isn't finite on a resample.
    """
    _check(n_rows, n_resamples, level, method)
    rng = np.random.default_rng(seed)
    all_rows = np.arange(n_rows, dtype=np.int64)
    observed = _finite(statistic(all_rows), all_rows)
    draws = np.empty(n_resamples)
    for i in range(n_resamples):
        rows = rng.integers(0, n_rows, n_rows)
        draws[i] = _finite(statistic(rows), rows)
    jackknife = _jackknife(statistic, n_rows) if method == "bca" else None
    return _outcome(draws, observed, level, jackknife)


def mean_bootstrap(
    values: ArrayLike, *, n_resamples: int = 2000, seed: int = 0, level: float = 0.95
) -> PairedBootstrap:
    """Bootstrap the mean of paired differences, with all resamples drawn at once.

    The result is that of `paired_bootstrap` with the mean as statistic, in less time.

    Args:
        values: for each row the challenger's value minus the champion's, shape (n,), n >= 1.
        n_resamples: number of resamples, 1 or more, default 2000.
        seed: seed of the resamples; equal seeds give equal results, default 0.
        level: confidence level of the interval, default 0.95.

    Raises:
        ValueError: an argument is out of range, or a value isn't finite.
    """
    sample = _checked_sample(values)
    _check(sample.size, n_resamples, level, "percentile")
    rng = np.random.default_rng(seed)
    draws = np.empty(n_resamples)
    block = max(1, 1_000_000 // sample.size)  # keeps a block of row numbers near 8 MB
    for start in range(0, n_resamples, block):
        size = min(block, n_resamples - start)
        draws[start : start + size] = sample[rng.integers(0, sample.size, (size, sample.size))].mean(axis=1)
    return _outcome(draws, float(sample.mean()), level, None)


def bootstrap_interval(
    values: ArrayLike,
    statistic: Callable[[FloatArray], float] | None = None,
    *,
    n_resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
    method: BootstrapMethod = "percentile",
) -> Interval:
    """Compute a bootstrap confidence interval for a statistic of one sample.

    Args:
        values: the sample, shape (n,), n >= 1.
        statistic: gets n resampled values and returns a number; default the mean.
        n_resamples: number of resamples, 1 or more, default 2000.
        seed: seed of the resamples; equal seeds give equal results, default 0.
        level: confidence level, default 0.95.
        method: `percentile` (default), or `bca` (bias-corrected and accelerated).

    Raises:
        ValueError: an argument is out of range, or the statistic isn't finite on a resample.
    """
    if statistic is None and method == "percentile":
        return mean_bootstrap(values, n_resamples=n_resamples, seed=seed, level=level).interval
    sample = _checked_sample(values)
    of_sample = statistic if statistic is not None else _mean
    return paired_bootstrap(
        lambda rows: of_sample(sample[rows]),
        sample.size,
        n_resamples=n_resamples,
        seed=seed,
        level=level,
        method=method,
    ).interval


def _checked_sample(values: ArrayLike) -> FloatArray:
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or not np.all(np.isfinite(sample)):
        raise ValueError(f"values have shape {sample.shape}: expected finite numbers, shape (n,)")
    return sample


def _outcome(
    draws: FloatArray, observed: float, level: float, jackknife: FloatArray | None
) -> PairedBootstrap:
    reached = int(np.sum(draws - observed >= observed - 1e-12))
    return PairedBootstrap(
        difference=observed,
        interval=_interval(draws, observed, level, jackknife),
        standard_error=float(draws.std(ddof=1)) if draws.size > 1 else 0.0,
        p_greater=(1 + reached) / (1 + draws.size),
        n_resamples=draws.size,
    )


def _interval(draws: FloatArray, observed: float, level: float, jackknife: FloatArray | None) -> Interval:
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    # Ties with the observed value count half, which keeps discrete statistics centred.
    below = float(np.mean(draws < observed) + np.mean(draws == observed) / 2)
    # Without spread on one side the correction is infinite; fall back to percentiles.
    if jackknife is not None and 0 < below < 1:
        normal = NormalDist()
        bias = normal.inv_cdf(below)
        deviations = jackknife.mean() - jackknife
        spread = float(np.sum(deviations**2)) ** 1.5
        skew = float(np.sum(deviations**3)) / (6 * spread) if spread > 0 else 0.0
        shifted = [bias + normal.inv_cdf(float(tail)) for tail in tails]
        tails = np.array([normal.cdf(bias + z / (1 - skew * z)) for z in shifted])
    low, high = np.quantile(draws, tails)
    return Interval(float(low), float(high), level)


def _jackknife(statistic: Callable[[IntArray], float], n_rows: int) -> FloatArray:
    rows = np.arange(n_rows, dtype=np.int64)
    if n_rows < 2:
        return np.zeros(n_rows)
    return np.array([_finite(statistic(np.delete(rows, i)), rows) for i in range(n_rows)])


def _mean(values: FloatArray) -> float:
    return float(values.mean())


def _finite(value: float, rows: IntArray) -> float:
    if not np.isfinite(value):
        raise ValueError(
            f"statistic gave {value} on {rows.size} resampled rows: it must be finite on any of them"
        )
    return float(value)


def _check(n_rows: int, n_resamples: int, level: float, method: str) -> None:
    if n_rows < 1:
        raise ValueError(f"n_rows is {n_rows}: allowed is 1 or more")
    if n_resamples < 1:
        raise ValueError(f"n_resamples is {n_resamples}: allowed is 1 or more")
    check_fraction("level", level)
    if method not in get_args(BootstrapMethod):
        raise ValueError(f"method is {method!r}: allowed is one of {', '.join(get_args(BootstrapMethod))}")
