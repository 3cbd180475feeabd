"""Classifier of translation pairs: the probability that a text is not a translation of the one it is paired with.

A classifier tells the given pairs from the same texts paired at random. Some of the given pairs may be wrong
themselves: their share and the probability of each pair are estimated together, by expectation maximisation for a
shifted prior (M. Saerens, P. Latinne, C. Decaestecker 2002, Neural Computation 14:21-41), and the classifier is trained
again with pairs weighted by the probability that they are right. Accepted pairs always count in full.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.quality.translation.lexicon import REFERENCES, association_scores, encode, fit_lexicon

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

MINIMUM_PAIRS = 200
"""Smallest number of pairs from which a lexicon can be trained; with fewer no pair is judged."""

TRAINING_PAIRS = 20_000
"""Largest number of pairs that lexicon and classifier are trained on.

Accepted pairs are taken first, then pairs drawn from the judged ones.
"""

ROUNDS = 10
STEPS = 200


def misalignment_probabilities(
    sources: Sequence[str], targets: Sequence[str], accepted: np.ndarray, *, expected: float, seed: int
) -> np.ndarray:
    """Return the probability of each translation pair that its texts don't belong together.

    Args:
        sources: Source texts.
        targets: Target texts.
        accepted: Mask of the pairs that are known to be right, shape (pairs,).
        expected: Smallest share (0..1) of wrong pairs among the others that is assumed, whatever is estimated.
        seed: Seed of every random choice.

    Returns:
        Probabilities (0 to 1), shape (pairs,); 0 for accepted pairs, and for all if there are fewer than 200 pairs
        (`MINIMUM_PAIRS`).
    """
    import numpy as np

    count = len(sources)
    if count < MINIMUM_PAIRS:
        return np.zeros(count)
    rng = np.random.default_rng(seed)
    order = np.concatenate(
        [rng.permutation(np.flatnonzero(accepted)), rng.permutation(np.flatnonzero(~accepted))]
    )
    is_training = np.zeros(count, dtype=bool)
    is_training[order[:TRAINING_PAIRS]] = True
    training = np.flatnonzero(is_training)
    random_pairs = np.stack([training, rng.permutation(training)], axis=1)
    given_pairs = np.stack([np.arange(count)] * 2, axis=1)

    left, right = encode(sources, is_training), encode(targets, is_training)
    lengths = np.log1p([[len(source), len(target)] for source, target in zip(sources, targets, strict=True)])
    median_log_ratio = np.median(lengths[is_training, 1] - lengths[is_training, 0])
    directions = fit_lexicon(left, right, is_training), fit_lexicon(right, left, is_training)
    references = rng.choice(training, min(REFERENCES, len(training)), replace=False)

    def features_of(pairs: np.ndarray) -> np.ndarray:
        forward = association_scores(directions[0], left, right, pairs, references)
        backward = association_scores(directions[1], right, left, pairs[:, ::-1], references)
        return _features(
            np.hstack([forward, backward]), lengths[pairs[:, 0], 0], lengths[pairs[:, 1], 1], median_log_ratio
        )

    return _wrong_probabilities(
        features_of(given_pairs), features_of(random_pairs), is_training, accepted, expected
    )


def _features(
    strength: np.ndarray, source: np.ndarray, target: np.ndarray, median_log_ratio: float
) -> np.ndarray:
    import numpy as np

    deviation = np.abs(target - source - median_log_ratio)
    # The meaning of a score or an unusual length depends on how long the texts are.
    by_length = np.column_stack([strength, deviation]) * source[:, None]
    return np.column_stack([strength, strength.min(axis=1), deviation, source, target, by_length])


def _wrong_probabilities(
    pairs: np.ndarray,
    random_pairs: np.ndarray,
    is_training: np.ndarray,
    accepted: np.ndarray,
    expected: float,
) -> np.ndarray:
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    mean, spread = pairs.mean(axis=0), pairs.std(axis=0) + 1e-9
    pairs, random_pairs = (pairs - mean) / spread, (random_pairs - mean) / spread
    examples = np.vstack([pairs[is_training], random_pairs])
    answers = np.r_[np.ones(is_training.sum()), np.zeros(len(random_pairs))]
    probability = np.zeros(len(pairs))
    share = expected
    for _ in range(ROUNDS):
        weights = np.r_[1 - probability[is_training], np.ones(len(random_pairs))]
        model = LogisticRegression(max_iter=2000).fit(examples, answers, sample_weight=weights)
        odds = model.decision_function(pairs) - np.log(
            (1 - probability[is_training]).sum() / len(random_pairs)
        )
        ratio = np.exp(-np.clip(odds, -50, 50))
        for _ in range(STEPS if (~accepted).any() else 0):
            share = max(float(np.mean(_posterior(ratio[~accepted], share))), 1e-6)
        probability = np.where(accepted, 0.0, _posterior(ratio, share))
    return np.where(accepted, 0.0, _posterior(ratio, max(share, expected)))


def _posterior(ratio: np.ndarray, share: float) -> np.ndarray:
    return share * ratio / (share * ratio + 1 - share)
