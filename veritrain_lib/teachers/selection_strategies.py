"""Strategies of choosing rows from a pool, as pure functions from scores and predictions to positions.

None of them sees an answer of the pool. The generator `rng` breaks ties and draws, so that a seed repeats the choice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

LEAST = 1e-300
"""Lower bound of scores before the logarithm; smaller scores can't be distinguished from 0."""


def margins(scores: np.ndarray) -> np.ndarray:
    """Compute the margin of each row: the logarithm of the best score over the second best.

    For a softmax this is the difference of the two best decision values (over the temperature): the margin of Scheffer,
    Decomain and Wrobel, "Active Hidden Markov Models for Information Extraction" (2001).

    Args:
        scores: Shape (rows, labels), with at least 2 labels.

    Returns:
        Shape (rows,); 0 is a tie, larger is more certain.

    Raises:
        ValueError: for fewer than 2 labels.
    """
    import numpy as np

    if scores.ndim != 2 or scores.shape[1] < 2:
        raise ValueError(f"scores of shape {scores.shape}; a margin needs rows and at least 2 labels")
    best = np.partition(np.maximum(scores, LEAST), -2, axis=1)[:, -2:]
    gaps: np.ndarray = np.log(best[:, 1]) - np.log(best[:, 0])
    return gaps


def uncertainty(scores: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return all positions, the least certain row (smallest margin between the two best scores) first."""
    return least(margins(scores), rng)


def least(certainty: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return all positions, the least certain row first, with ties in random order."""
    import numpy as np

    order: np.ndarray = np.lexsort((rng.random(len(certainty)), certainty))
    return order


def random(rows: int, rng: np.random.Generator) -> np.ndarray:
    """Return all positions in random order."""
    order: np.ndarray = rng.permutation(rows)
    return order


def balanced(counts: Mapping[str, int], labels: Sequence[str], count: int) -> dict[str, int]:
    """Compute how many rows to take of each predicted label so that all labels get equal numbers.

    The next row always goes to the label that has fewest.

    Args:
        counts: How many rows each label has already.
        labels: The labels; among equals the first one gets the next row.
        count: The number of rows to take.
    """
    import heapq

    heap = [(counts.get(label, 0), index) for index, label in enumerate(labels)]
    heapq.heapify(heap)
    quotas = dict.fromkeys(labels, 0)
    for _ in range(count if heap else 0):
        held, index = heap[0]
        quotas[labels[index]] += 1
        heapq.heapreplace(heap, (held + 1, index))
    return quotas


def in_proportion(weights: Mapping[str, float], count: int) -> dict[str, int]:
    """Split `count` in proportion to weights (0 or more) by largest remainders; equally when all weights are 0.

    With the error of each class as weights this is choosing by class error. The result sums to `count` unless there are
    no weights.

    Raises:
        ValueError: for a weight below 0 or not finite.
    """
    import math

    wrong = {
        label: weight for label, weight in weights.items() if not (math.isfinite(weight) and weight >= 0)
    }
    if wrong:
        raise ValueError(f"weights must be 0 or more: {wrong}")
    total = math.fsum(weights.values())
    exact = {
        label: count * (weights[label] / total if total else 1 / len(weights)) for label in sorted(weights)
    }
    quotas = {label: int(share) for label, share in exact.items()}
    by_remainder = sorted(exact, key=lambda label: quotas[label] - exact[label])
    for label in by_remainder[: count - sum(quotas.values())]:
        quotas[label] += 1
    return quotas


def fill(order: np.ndarray, predicted: Sequence[str], quotas: Mapping[str, int], count: int) -> list[int]:
    """Return the first `count` positions of `order` that keep each predicted label within its quota.

    When a label has too few rows to fill its quota, the rest is filled with other rows in the same order, so that
    `count` rows (or all there are) are always chosen.
    """
    left = dict(quotas)
    within, beyond = [], []
    for position in order.tolist():
        label = predicted[position]
        if left.get(label, 0) > 0:
            left[label] -= 1
            within.append(position)
        else:
            beyond.append(position)
    return [*within, *beyond][:count]
