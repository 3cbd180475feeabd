"""Random walk from row to similar row, which tells how many training rows there are around each row.

A walk of four steps goes beyond a row's nearest neighbours to the neighbours of these. It therefore stays within a dense cluster
of rows about one subject, whatever the cluster's shape; a search for as many nearest neighbours would reach into other clusters.
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
    """Return the expected share of a random walk's steps that land on training rows, for walks that start at each row.

    Two rows are linked if one is among the nearest neighbours of the other. Each step goes along one of the links of the
    current row, all with equal chance.

    Args:
        nodes: Vectors of length 1 of all rows, shape (rows, dimension); the training rows come first.
        training: Number of training rows.

    Returns:
        Two arrays of shape (rows,), with values from 0 to 1. The first is the share over the start and the first three steps.
        Its mean over the nearest neighbours of a row that is not in `nodes` is that row's share over four steps. The second
        is the share over the first four steps, without the returns of a walk to the training row at which it started.
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
    """Return the positions of each vector's nearest neighbours (by cosine similarity) among the nodes.

    Args:
        vectors: Vectors of length 1, shape (rows, dimension).
        nodes: Vectors of length 1 among which the neighbours are searched, shape (nodes, dimension).
        itself: If the vectors are consecutive nodes, the position of the first of them, so that no vector is its own neighbour;
            -1 if the vectors are not nodes.

    Returns:
        Positions in `nodes`, shape (rows, neighbours), each row in no particular order. There are `NEIGHBOURS` neighbours, but at
        most a twentieth of the nodes, and at least 1.
    """
    import numpy as np

    neighbours = max(1, min(NEIGHBOURS, len(nodes) // 20))
    similarity = vectors @ nodes.T
    if itself >= 0:
        own = np.arange(len(vectors))
        similarity[own, itself + own] = -np.inf
    found: np.ndarray = np.argpartition(-similarity, neighbours - 1, axis=1)[:, :neighbours]
    return found
