"""Verdicts on batches of training rows: which batches help, which harm, with false alarms controlled over all batches.

A batch's effect is measured row by row on development rows, and tested one-sidedly by a paired bootstrap. A batch helps
if its effect is above 0 at the level `ALPHA` after Holm's correction over all batches. It harms if one of two tests
shows it, each with half of the error budget:

- Its effect is below 0, after Holm's correction over all batches.
- Its labels look wrong and the rows with these labels do damage: a student (a small model) trained without the batch
  contradicts its labels more often than those of the other batches (Fisher's exact test, Holm's correction over the
  batches), the effect of the contradicted rows alone is below 0 at `SUSPECT_ALPHA`, and the batch as a whole is not
  shown to help.

The second test finds wrong labels whose damage the right rows of the batch make up for. A student also contradicts rows
that are only hard. Such a batch is named only if its contradicted rows are shown to lower the likelihood of development
rows, which happens by chance for a share of `SUSPECT_ALPHA` of such batches.

Sources: B. Efron and R. J. Tibshirani (1993), An Introduction to the Bootstrap, chapter 16; S. Holm (1979),
Scandinavian Journal of Statistics 6:65-70; R. A. Fisher (1935), Journal of the Royal Statistical Society 98:39-82.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from veritrain_lib.statistics.bootstrap import PairedBootstrap, mean_bootstrap
from veritrain_lib.statistics.intervals import Interval
from veritrain_lib.statistics.scores import FloatArray
from veritrain_lib.statistics.slices import holm

ALPHA = 0.05
"""One-sided significance level: the chance that any batch is said to harm although none does; likewise for helping."""

SUSPECT_ALPHA = 0.05
"""One-sided level of the test whether a suspect batch's contradicted rows lower the likelihood of development rows.

A batch is suspect if a student trained without it contradicts its labels more often than those of the other batches.
"""

N_RESAMPLES = 2000

BatchOutcome = Literal["helps", "harms", "can't tell"]


@dataclass(frozen=True)
class Contradicted:
    """Number of a batch's rows whose label is contradicted by a student (a small model) trained without the batch.

    Attributes:
        count: Number of contradicted rows.
        judged: Number of rows that the student could judge.
    """

    count: int
    judged: int

    @property
    def share(self) -> float | None:
        """The share of the judged rows that are contradicted, 0..1; None if no row was judged."""
        return self.count / self.judged if self.judged else None


@dataclass(frozen=True)
class BatchEffect:
    """Effect of one batch of training rows on the development rows, with its verdict.

    Attributes:
        name: Name of the batch.
        effect: Mean effect over the development rows, in the unit of the measured effects; above 0 the batch helps.
        interval: 95 % bootstrap interval of the effect, not corrected for the number of batches.
        p_harms: One-sided p value against the null hypothesis 'the batch does not harm', from the effect alone, after
            Holm's correction over the batches.
        verdict: `harms` or `helps` where a test shows it, else `can't tell`.
    """

    name: str
    effect: float
    interval: Interval
    p_harms: float
    verdict: BatchOutcome


def suspect_batches(contradicted: Mapping[str, Contradicted]) -> tuple[dict[str, float], list[str]]:
    """Find the batches of training rows whose labels are contradicted more often than those of the other batches.

    Args:
        contradicted: For each batch the number of its rows whose label is contradicted by a small model that was trained
            without the batch.

    Returns:
        The one-sided p value of each batch (Fisher's exact test, Holm's correction over the batches), and the names of
        the batches whose p value is at most `ALPHA` / 2.
    """
    from scipy.stats import hypergeom

    count = sum(each.count for each in contradicted.values())
    judged = sum(each.judged for each in contradicted.values())
    p_values = [
        float(hypergeom.sf(each.count - 1, judged, count, each.judged)) if each.count else 1.0
        for each in contradicted.values()
    ]
    adjusted = dict(zip(contradicted, holm(p_values).tolist(), strict=True))
    return adjusted, [name for name, p in adjusted.items() if p <= ALPHA / 2]


def judge_batches(
    effects: Mapping[str, ArrayLike], suspects: Mapping[str, ArrayLike] | None = None, *, seed: int = 0
) -> list[BatchEffect]:
    """Judge for every batch of training rows whether it helps or harms.

    Args:
        effects: For each batch its effect on every development row (such as the log likelihood of the right label with
            the batch minus without it), shape (n,) with n at least 2.
        suspects: For each batch that `suspect_batches` names, the effect, on every development row, of the batch's rows
            whose label looks wrong, shape (n,); None: no batch is suspect.
        seed: Seed of the bootstrap resamples, which are the same for every batch.

    Returns:
        One verdict a batch, in the order of `effects`.

    Raises:
        ValueError: A batch has fewer than 2 effects or one that is not finite.
    """
    if not effects:
        return []
    arrays = {name: _checked(name, values) for name, values in effects.items()}
    tests = [_resampled(values, seed) for values in arrays.values()]
    # A mean on the other side of 0 shows nothing about this side, so its p value needs no resamples of its own.
    helping = holm([test.p_greater if test.difference > 0 else 1.0 for test in tests])
    harming = holm([_p_loses(values, seed) for values in arrays.values()])
    wrong = {
        name
        for name, values in (suspects or {}).items()
        if _p_loses(_checked(name, values), seed) <= SUSPECT_ALPHA
    }
    verdicts = []
    for name, test, helps, harms in zip(arrays, tests, helping, harming, strict=True):
        helpful = helps <= ALPHA
        shown = harms <= ALPHA / 2 or (name in wrong and not helpful)
        verdict: BatchOutcome = "harms" if shown else "helps" if helpful else "can't tell"
        verdicts.append(BatchEffect(name, test.difference, test.interval, float(harms), verdict))
    return verdicts


def _p_loses(values: FloatArray, seed: int) -> float:
    """Return the one-sided bootstrap p value against 'the mean is 0 or more'; 1 if the observed mean is 0 or more."""
    return _resampled(-values, seed).p_greater if values.mean() < 0 else 1.0


def mean_effect(values: ArrayLike, *, seed: int = 0) -> tuple[float, Interval]:
    """Return the mean effect of a batch of training rows on the development rows, with its 95 % bootstrap interval.

    Args:
        values: The effect on every development row, shape (n,) with n at least 2.
        seed: Seed of the resamples, default 0.

    Raises:
        ValueError: There are fewer than 2 values, or one is not finite.
    """
    bootstrap = _resampled(_checked("effect", values), seed)
    return bootstrap.difference, bootstrap.interval


def _checked(name: str, values: ArrayLike) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size < 2 or not np.all(np.isfinite(array)):
        raise ValueError(
            f"batch {name!r} has effects of shape {array.shape}: expected 2 finite numbers or more"
        )
    return array


def _resampled(values: FloatArray, seed: int) -> PairedBootstrap:
    return mean_bootstrap(values, n_resamples=N_RESAMPLES, seed=seed)
