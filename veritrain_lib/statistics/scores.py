"""Scores of two models on the same rows, validated once for all statistics of this package."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class PairedScores:
    """Scores of champion and challenger on the same rows.

    Attributes:
        champion: the champion's scores, shape (n,), each in 0..1, higher is better.
        challenger: the challenger's scores, shape (n,), same rows in the same order.
        binary: whether every score is 0 or 1 (right or wrong), so that counts are sufficient.
    """

    champion: FloatArray
    challenger: FloatArray
    binary: bool

    @property
    def n(self) -> int:
        """Number of rows that both models were scored on."""
        return int(self.champion.size)

    @cached_property
    def differences(self) -> FloatArray:
        """The challenger's minus the champion's score of each row, shape (n,), each in -1..1."""
        return self.challenger - self.champion

    @cached_property
    def differing(self) -> BoolArray:
        """Boolean mask of the rows on which the two models score differently, shape (n,)."""
        return np.asarray(self.champion != self.challenger)

    @cached_property
    def difference(self) -> float | None:
        """The challenger's minus the champion's mean score, in -1..1; None without rows."""
        return float(self.differences.mean()) if self.n else None

    @cached_property
    def scale(self) -> float:
        """Largest absolute difference of the two models' scores on any row, in 0..1; 1 if no row differs."""
        return float(np.abs(self.differences).max(initial=0.0)) or 1.0

    @cached_property
    def discordance(self) -> float:
        """Share of rows on which the two models score differently, in 0..1; 0 without rows."""
        return float(self.differing.mean()) if self.n else 0.0


def pair_scores(champion: ArrayLike, challenger: ArrayLike) -> PairedScores:
    """Validate two models' scores of the same rows and pair them.

    Args:
        champion: the champion's scores, shape (n,), booleans or numbers in 0..1. A score on another scale
            (chrF runs from 0 to 100) must be rescaled to 0..1 by the caller.
        challenger: the challenger's scores, same rows in the same order.

    Raises:
        ValueError: other shape, unequal length, not finite, or outside 0..1. A row on
            which a model or judge failed has no score: score it 0, so that it stays in the
            denominator.
    """
    old = _as_scores(champion, "champion")
    new = _as_scores(challenger, "challenger")
    if old.size != new.size:
        raise ValueError(
            f"champion has {old.size} rows and challenger {new.size}: "
            "a paired comparison needs the same rows in the same order"
        )
    binary = bool(np.all((old == 0) | (old == 1)) and np.all((new == 0) | (new == 1)))
    return PairedScores(old, new, binary)


def _as_scores(values: ArrayLike, name: str) -> FloatArray:
    try:
        scores = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} scores must be booleans or numbers in 0..1: {error}") from error
    if scores.ndim != 1:
        raise ValueError(f"{name} scores have shape {scores.shape}: expected one score a row, shape (n,)")
    # A NaN fails both comparisons, so this test covers it too.
    out_of_range = np.flatnonzero(~((scores >= 0) & (scores <= 1)))
    if out_of_range.size:
        row = int(out_of_range[0])
        raise ValueError(
            f"{name} score in row {row} is {scores[row]}: allowed is 0..1 "
            "(rescale other metrics; score a row the model failed on as 0)"
        )
    return scores


def check_fraction(name: str, value: float) -> float:
    """Return `value` as a float if it lies strictly between 0 and 1.

    Args:
        name: name of the parameter, for the message.
        value: the parameter's value.

    Raises:
        ValueError: the value is 0, 1 or outside of 0..1.
    """
    if not 0 < value < 1:
        raise ValueError(f"{name} is {value}: allowed is a number between 0 and 1, both excluded")
    return float(value)
