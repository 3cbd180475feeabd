"""Random walk from row to similar row, which tells how many training rows there are around each row.

A walk of four steps goes beyond a row's nearest neighbours to theirs. So it follows the shape of a subject, where a search for as
many neighbours would reach into the next subject.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

NEIGHBOURS = 15
"""Most similar rows to which the walk may step; at most a twentieth of the reference rows. On CLINC150, 10 and 25 were
about as good."""

AT_ONCE = 5_000
"""Rows that are compared with the reference rows at once, which takes 160 MB."""


def shares_met(nodes: np.ndarray, training: int) -> tuple[np.ndarray, np.ndarray]:
    """Return which share of the first steps of a random walk from each row leads to training rows.

    The walk steps with equal chance to each row that is among the nearest of the other, in either direction.

    Args:
        nodes: Vectors of length 1, those of the training rows first.
        training: Number of training rows.

    Returns:
        Shares of shape (rows,): over a walk's start and first three steps, which serve a row outside of `nodes` from where
        its own first step leads, and over its first four steps. In the latter, a training row's returns to itself are
        left out.
    """
    import numpy as np
    from scipy.sparse import csr_matrix

    rows = len(nodes)
    neighbours = np.vstack(
        [nearest(nodes[start : start + AT_ONCE], nodes, itself=start) for start in range(0, rows, AT_ONCE)]
    )
    ends = np.arange(0, neighbours.size + 1, neighbours.shape[1])
    edges: Any = csr_matrix(
        (np.ones(neighbours.size, dtype=np.float32), neighbours.ravel(), ends), shape=(rows, rows)
    )
    edges = edges.maximum(edges.T)
    step = edges.multiply(1 / edges.sum(axis=1)).tocsr()
    is_training = np.arange(rows) < training
    after = [is_training.astype(np.float64)]
    for _ in range(4):
        after.append(step @ after[-1])
    twice = step @ step
    # Chances to be back after two, three and four steps; after one it is 0, since no row is its own neighbour.
    returns = twice.diagonal() + _dots(twice, step.T) + _dots(twice, twice.T)
    return np.mean(after[:4], axis=0), (np.sum(after[1:], axis=0) - returns * is_training) / 4


def _dots(matrix: Any, other: Any) -> np.ndarray:
    """Return the dot product of each row of a sparse matrix with the same row of another one."""
    import numpy as np

    return np.asarray(matrix.multiply(other).sum(axis=1)).ravel()


def nearest(vectors: np.ndarray, nodes: np.ndarray, itself: int = -1) -> np.ndarray:
    """Return the positions of each row's nearest neighbours among the nodes, in no order.

    Args:
        vectors: Vectors of length 1, shape (rows, dimension).
        nodes: Vectors of length 1 among which neighbours are searched.
        itself: Position of the first row among the nodes, where the others follow it, so that no row is its own neighbour; -1 for
            rows that are no nodes.

    Returns:
        Shape (rows, neighbours).
    """
    import numpy as np

    neighbours = max(1, min(NEIGHBOURS, len(nodes) // 20))
    similarity = vectors @ nodes.T
    if itself >= 0:
        own = np.arange(len(vectors))
        similarity[own, itself + own] = -np.inf
    found: np.ndarray = np.argpartition(-similarity, neighbours - 1, axis=1)[:, :neighbours]
    return found
