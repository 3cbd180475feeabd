"""Novelty of pool rows: how little their vectors are like those of the training rows (novelty detection).

Two values are added, each in standard deviations of the training rows: the cosine to the nearest label's mean (K. Lee et al.
2018, NeurIPS, without the covariance, which takes more rows to estimate than a task starts with), and the share of training
rows among the nearest neighbours. The second compares two densities: where rows have a label, training rows are near as
often as elsewhere, while rows of a subject that no label names have neighbours in the pool only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

NEIGHBOURS = 40
"""Nearest neighbours that are looked at; at most a twentieth of the rows to search."""

REFERENCE_ROWS = 4_000
"""Rows of the pool, and of the training rows, among which neighbours are searched: a random draw of larger ones."""

AT_ONCE = 5_000
"""Rows that are compared with the reference rows at once, which takes 160 MB."""


def novelty(
    training: np.ndarray, labels: Sequence[str], pool: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return how little each pool row and each training row is like the training rows.

    A training row is compared with the others only, so that its value is one that a pool row with a label could have.

    Args:
        training: Vectors of the training rows, shape (rows, dimension).
        labels: Their labels.
        pool: Vectors of the pool rows, shape (rows, dimension).
        rng: Draws the reference rows.

    Returns:
        Novelty of the pool rows and of the training rows; higher is more novel. The latter are those that were drawn, in
        random order.
    """
    import numpy as np

    drawn = rng.permutation(len(training))[:REFERENCE_ROWS]
    _, numbers = np.unique(np.asarray(labels, dtype=object)[drawn].astype(str), return_inverse=True)
    centre = training[drawn].mean(axis=0)
    known = unit(training[drawn] - centre)
    counts = np.bincount(numbers)
    sums = np.zeros((len(counts), known.shape[1]), dtype=known.dtype)
    np.add.at(sums, numbers, known)
    means = unit(sums)
    reference = rng.permutation(len(pool))[:REFERENCE_ROWS]
    searched = np.vstack([known, unit(pool[reference] - centre)])
    position = np.full(len(pool), -1)
    position[reference] = len(known) + np.arange(len(reference))

    cosines = known @ means.T
    without_itself = (known * unit(sums[numbers] - known)).sum(axis=1)
    cosines[np.arange(len(known)), numbers] = np.where(counts[numbers] > 1, without_itself, -1.0)
    known_cosine = cosines.max(axis=1)
    known_share = (_nearest(known, np.arange(len(known)), searched) < len(known)).mean(axis=1)
    pool_cosine, pool_share = np.empty(len(pool)), np.empty(len(pool))
    for start in range(0, len(pool), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        vectors = unit(pool[part] - centre)
        pool_cosine[part] = (vectors @ means.T).max(axis=1)
        pool_share[part] = (_nearest(vectors, position[part], searched) < len(known)).mean(axis=1)
    of_known = -_standardized(known_cosine, known_cosine) - _standardized(known_share, known_share)
    of_pool = -_standardized(pool_cosine, known_cosine) - _standardized(pool_share, known_share)
    return of_pool, of_known


def _nearest(vectors: np.ndarray, own_positions: np.ndarray, searched: np.ndarray) -> np.ndarray:
    """Return the positions of each row's nearest neighbours among the searched ones, the row itself left out.

    Args:
        vectors: Vectors of length 1, shape (rows, dimension).
        own_positions: Where each row itself is among the searched ones; -1 for nowhere.
        searched: Vectors among which neighbours are searched.

    Returns:
        Shape (rows, neighbours), in no order.
    """
    import numpy as np

    neighbours = max(1, min(NEIGHBOURS, len(searched) // 20))
    similarity = vectors @ searched.T
    itself = np.flatnonzero(own_positions >= 0)
    similarity[itself, own_positions[itself]] = -np.inf
    nearest: np.ndarray = np.argpartition(-similarity, neighbours - 1, axis=1)[:, :neighbours]
    return nearest


def _standardized(values: np.ndarray, reference: np.ndarray) -> np.ndarray:
    result: np.ndarray = (values - reference.mean()) / max(float(reference.std()), 1e-6)
    return result


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return vectors scaled to length 1."""
    import numpy as np

    result: np.ndarray = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return result
