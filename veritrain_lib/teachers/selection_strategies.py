"""Strategies of choosing rows from a pool (active learning), as pure functions from scores to positions.

None of them sees the pool's answers. The random generator `rng` draws rows and breaks ties, so a seed repeats
the choice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

LEAST = 1e-300
"""Lower bound of scores before the logarithm, which avoids log(0)."""


def margins(scores: np.ndarray) -> np.ndarray:
    """Return the margin of each pool row: the logarithm of the best label's score over the second best label's score.

    The margin measures the certainty of a model. For a softmax it is the difference of the two best decision
    values divided by the temperature (Scheffer, Decomain and Wrobel, "Active Hidden Markov Models for
    Information Extraction", 2001).

    Args:
        scores: Array of shape (rows, labels), with at least 2 labels.

    Returns:
        Array of shape (rows,); 0 is a tie, a larger value is more certain.

    Raises:
        ValueError: for fewer than 2 labels.
    """
    import numpy as np

    if scores.ndim != 2 or scores.shape[1] < 2:
        raise ValueError(f"scores of shape {scores.shape}; a margin needs rows and at least 2 labels")
    best = np.partition(np.maximum(scores, LEAST), -2, axis=1)[:, -2:]
    gaps: np.ndarray = np.log(best[:, 1]) - np.log(best[:, 0])
    return gaps


def least(certainty: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the positions of all rows in the order of rising certainty, with ties in random order.

    Args:
        certainty: Array of shape (rows,).
        rng: Random generator that breaks ties.
    """
    import numpy as np

    order: np.ndarray = np.lexsort((rng.random(len(certainty)), certainty))
    return order


def random(rows: int, rng: np.random.Generator) -> np.ndarray:
    """Return the positions of all pool rows in random order."""
    order: np.ndarray = rng.permutation(rows)
    return order


def balanced(counts: Mapping[str, int], labels: Sequence[str], count: int) -> dict[str, int]:
    """Return the number of pool rows to choose for each predicted label so that all labels become equally frequent.

    Each further row goes to the label that has the fewest rows so far.

    Args:
        counts: The number of rows that each label has already; a missing label has 0.
        labels: The labels; of several with equally few rows, the first one gets the next row.
        count: The number of rows to choose in all.
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
    """Split a number of rows in proportion to weights; equally if all weights are 0.

    The parts sum to `count`, unless there are no weights. With the error rate of each label as weights, this
    is the strategy `class_error`.

    Args:
        weights: A weight of 0 or more for each label.
        count: The number of rows to split.

    Returns:
        The number of rows for each label; remainders go to the largest fractions.

    Raises:
        ValueError: for a weight that is below 0 or not finite.
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
    """Return the positions of the first `count` rows of an order whose predicted labels stay within their quotas.

    If labels have fewer rows than their quota, the missing rows are filled up with other rows in the same
    order, so that always `count` rows are chosen, or all if there are fewer.

    Args:
        order: Positions of all rows, in the order of choice.
        predicted: The predicted label of each row, by position.
        quotas: The number of rows for each label.
        count: The number of rows to choose in all.
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
