"""Novelty of pool rows: how little their vectors are like those of the training rows (novelty detection).

A row is novel if two values are low: its cosine to the mean vector of the nearest label, and how often a random walk from row to
similar row, which starts at it, meets training rows. A walk from a row of a subject that no label names mostly stays among pool
rows of that subject. Each value is measured in standard deviations of the training rows, and their sum, negated, is the novelty.
Before, the vectors are transformed linearly, so that the rows of one label spread more evenly in all directions (K. Lee et al.
2018, NeurIPS).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.teachers.out_of_scope.random_walk import AT_ONCE, nearest, shares_met

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

REFERENCE_ROWS = 4_000
"""Rows of the pool, and of the training rows, among which the walk goes: a random draw of larger ones."""

EVENED = 0.1
"""Share of the labels' common covariance, beside a multiple of the identity matrix, by which directions are evened out (0 to 1).
With more, pool rows with a label look more novel than the training rows, from which the covariance is estimated."""

LEAST_SHARE = 0.01
"""Share of training rows that is added before the logarithm, so that a walk that meets none has a finite value."""


def novelty(
    training: np.ndarray, labels: Sequence[str], pool: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the novelty of pool rows and of training rows: how dissimilar each row is to the training rows.

    A training row is compared with the other training rows only, so the two kinds of values can be compared.

    Args:
        training: Vectors of the training rows, shape (rows, dimension).
        labels: Labels of the training rows.
        pool: Vectors of the pool rows, shape (rows, dimension).
        rng: Random generator that draws `REFERENCE_ROWS` rows of the pool and of the training rows if there are more.

    Returns:
        The novelty of each pool row, in order, and the novelty of each drawn training row, in random order. Higher is more
        novel.
    """
    import numpy as np

    drawn = rng.permutation(len(training))[:REFERENCE_ROWS]
    _, numbers = np.unique(np.asarray(labels, dtype=object)[drawn].astype(str), return_inverse=True)
    centre = training[drawn].mean(axis=0)
    evened = _evening(training[drawn], numbers)
    known = unit((training[drawn] - centre) @ evened)
    counts = np.bincount(numbers)
    sums = np.zeros((len(counts), known.shape[1]), dtype=known.dtype)
    np.add.at(sums, numbers, known)
    means = unit(sums)
    cosines = known @ means.T
    without_itself = (known * unit(sums[numbers] - known)).sum(axis=1)
    cosines[np.arange(len(known)), numbers] = np.where(counts[numbers] > 1, without_itself, -1.0)
    known_cosine = cosines.max(axis=1)

    reference = rng.permutation(len(pool))[:REFERENCE_ROWS]
    nodes = np.vstack([known, unit((pool[reference] - centre) @ evened)])
    met_before_last_step, met = shares_met(nodes, len(known))
    known_met = met[: len(known)]
    pool_cosine, pool_met = np.empty(len(pool)), np.empty(len(pool))
    for start in range(0, len(pool), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        vectors = unit((pool[part] - centre) @ evened)
        pool_cosine[part] = (vectors @ means.T).max(axis=1)
        if len(reference) < len(pool):
            pool_met[part] = met_before_last_step[nearest(vectors, nodes)].mean(axis=1)
    pool_met[reference] = met[len(known) :]
    known_met, pool_met = (np.log(values + LEAST_SHARE) for values in (known_met, pool_met))
    of_known = -_standardized(known_cosine, known_cosine) - _standardized(known_met, known_met)
    of_pool = -_standardized(pool_cosine, known_cosine) - _standardized(pool_met, known_met)
    return of_pool, of_known


def _evening(vectors: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Return a square matrix; vectors multiplied by it spread more evenly in all directions within their labels.

    Args:
        vectors: Vectors of training rows.
        numbers: Number of each row's label.
    """
    import numpy as np

    means = np.stack([vectors[numbers == number].mean(axis=0) for number in range(numbers.max() + 1)])
    within = (vectors - means[numbers]).astype(np.float64)
    covariance = within.T @ within / len(within)
    dimension = len(covariance)
    # Few rows tell little about the spread in so many directions, and most of it is their own chance.
    share = EVENED * min(1.0, (len(vectors) - len(means)) / (2 * dimension))
    # The last term keeps the matrix invertible where all rows of each label are equal.
    even = (1 - share) * np.trace(covariance) / dimension + 1e-9
    evened: np.ndarray = np.linalg.cholesky(np.linalg.inv(share * covariance + even * np.eye(dimension)))
    return evened.astype(vectors.dtype)


def _standardized(values: np.ndarray, reference: np.ndarray) -> np.ndarray:
    result: np.ndarray = (values - reference.mean()) / max(float(reference.std()), 1e-6)
    return result


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return each vector (row of the array) scaled to length 1; a zero vector stays zero."""
    import numpy as np

    result: np.ndarray = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return result
