"""Ways of choosing rows of a pool, as pure functions: scores and predictions in, positions out.

None of them sees an answer of the pool. `rng` breaks ties and draws, so that a seed repeats the choice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

LEAST = 1e-300
"""Scores are kept above this before the logarithm; a score can't be told from 0 there."""


def margins(scores: np.ndarray) -> np.ndarray:
    """Shape (rows,): the logarithm of the best score over the second best; 0 is a tie, more is surer.

    `scores` has the shape (rows, labels), at least 2 labels. For a softmax this is the gap between the two
    best decision values (over the temperature): the smallest margin of Scheffer, Decomain and Wrobel, "Active
    Hidden Markov Models for Information Extraction" (2001). Raises ValueError for fewer than 2 labels.
    """
    import numpy as np

    if scores.ndim != 2 or scores.shape[1] < 2:
        raise ValueError(f"scores of shape {scores.shape}; a margin needs rows and at least 2 labels")
    best = np.partition(np.maximum(scores, LEAST), -2, axis=1)[:, -2:]
    gaps: np.ndarray = np.log(best[:, 1]) - np.log(best[:, 0])
    return gaps


def uncertainty(scores: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """All positions, the least certain row first (smallest margin between the two best scores)."""
    return least(margins(scores), rng)


def least(certainty: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """All positions, the least certain row first; chance decides between equals."""
    import numpy as np

    order: np.ndarray = np.lexsort((rng.random(len(certainty)), certainty))
    return order


def random(rows: int, rng: np.random.Generator) -> np.ndarray:
    """All positions in random order."""
    order: np.ndarray = rng.permutation(rows)
    return order


def balanced(counts: Mapping[str, int], labels: Sequence[str], number: int) -> dict[str, int]:
    """How many rows to take of each predicted label so that all labels come to the same number.

    `counts` is how many rows each label has already; the next row always goes to the label that has fewest
    (the first in `labels` among equals), `number` times.
    """
    import heapq

    heap = [(counts.get(label, 0), at) for at, label in enumerate(labels)]
    heapq.heapify(heap)
    quotas = dict.fromkeys(labels, 0)
    for _ in range(number if heap else 0):
        held, at = heap[0]
        quotas[labels[at]] += 1
        heapq.heapreplace(heap, (held + 1, at))
    return quotas


def in_proportion(weights: Mapping[str, float], number: int) -> dict[str, int]:
    """`number` split in proportion to weights (0 or more) by the largest remainder; equal when all are 0.

    With the error of each class as weights this is choosing by class error. Sums to `number` unless there is
    no weight at all. Raises ValueError for a weight below 0 or not finite.
    """
    import math

    wrong = {
        label: weight for label, weight in weights.items() if not (math.isfinite(weight) and weight >= 0)
    }
    if wrong:
        raise ValueError(f"weights must be 0 or more: {wrong}")
    total = math.fsum(weights.values())
    exact = {
        label: number * (weights[label] / total if total else 1 / len(weights)) for label in sorted(weights)
    }
    quotas = {label: int(share) for label, share in exact.items()}
    by_remainder = sorted(exact, key=lambda label: quotas[label] - exact[label])
    for label in by_remainder[: number - sum(quotas.values())]:
        quotas[label] += 1
    return quotas


def fill(order: np.ndarray, predicted: Sequence[str], quotas: Mapping[str, int], number: int) -> list[int]:
    """The first `number` positions of `order` that keep each predicted label within its quota.

    When a label has too few rows to fill its quota, the rest comes from the others in the same order, so that
    `number` rows (or all there are) are always chosen.
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
    return [*within, *beyond][:number]
