"""How likely it is that a text is no translation of the text beside it.

A classifier tells the pairs as they are from the same texts paired at random. Some of the pairs as they are may be
wrong themselves: their share and each pair's part in it are estimated together, by expectation and maximisation as
for a shifted prior (M. Saerens, P. Latinne, C. Decaestecker 2002, Neural Computation 14:21-41), and the classifier is
trained again with pairs counted by how likely they are right. Trusted pairs of people always count in full.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.quality.translation.lexicon import REFERENCES, encode, learn, strengths

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

MINIMUM_PAIRS = 200
"""Pairs below which a lexicon knows nothing: none is judged."""

LEARNT_PAIRS = 20_000
"""Pairs that lexicon and classifier learn from at most: trusted ones first, then drawn from the judged ones."""

ROUNDS = 10
STEPS = 200


def doubts(
    sources: Sequence[str], targets: Sequence[str], trusted: np.ndarray, *, expected: float, seed: int
) -> np.ndarray:
    """Per pair the probability (0 to 1) that it is wrong; 0 for all when there are fewer than `MINIMUM_PAIRS`.

    `trusted` is a mask of pairs that are right. `expected` is the least share of wrong pairs that is assumed among
    the others, whatever is estimated.
    """
    import numpy as np

    count = len(sources)
    if count < MINIMUM_PAIRS:
        return np.zeros(count)
    rng = np.random.default_rng(seed)
    order = np.concatenate(
        [rng.permutation(np.flatnonzero(trusted)), rng.permutation(np.flatnonzero(~trusted))]
    )
    learnt = np.zeros(count, dtype=bool)
    learnt[order[:LEARNT_PAIRS]] = True
    chosen = np.flatnonzero(learnt)
    random = np.stack([chosen, rng.permutation(chosen)], axis=1)
    as_they_are = np.stack([np.arange(count)] * 2, axis=1)

    left, right = encode(sources, learnt), encode(targets, learnt)
    lengths = np.log1p([[len(one), len(other)] for one, other in zip(sources, targets, strict=True)])
    usual = np.median(lengths[learnt, 1] - lengths[learnt, 0])
    directions = learn(left, right, learnt), learn(right, left, learnt)
    references = rng.choice(chosen, min(REFERENCES, len(chosen)), replace=False)

    def signs(pairs: np.ndarray) -> np.ndarray:
        there = strengths(directions[0], left, right, pairs, references)
        back = strengths(directions[1], right, left, pairs[:, ::-1], references)
        return _features(np.hstack([there, back]), lengths[pairs[:, 0], 0], lengths[pairs[:, 1], 1], usual)

    return _wrong(signs(as_they_are), signs(random), learnt, trusted, expected)


def _features(strength: np.ndarray, source: np.ndarray, target: np.ndarray, usual: float) -> np.ndarray:
    import numpy as np

    off = np.abs(target - source - usual)
    # What a strength or an odd length says depends on how long the texts are.
    by_length = np.column_stack([strength, off]) * source[:, None]
    return np.column_stack([strength, strength.min(axis=1), off, source, target, by_length])


def _wrong(
    pairs: np.ndarray, random: np.ndarray, learnt: np.ndarray, trusted: np.ndarray, expected: float
) -> np.ndarray:
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    mean, spread = pairs.mean(axis=0), pairs.std(axis=0) + 1e-9
    pairs, random = (pairs - mean) / spread, (random - mean) / spread
    examples = np.vstack([pairs[learnt], random])
    answers = np.r_[np.ones(learnt.sum()), np.zeros(len(random))]
    wrong = np.zeros(len(pairs))
    share = expected
    for _ in range(ROUNDS):
        weights = np.r_[1 - wrong[learnt], np.ones(len(random))]
        model = LogisticRegression(max_iter=2000).fit(examples, answers, sample_weight=weights)
        odds = model.decision_function(pairs) - np.log((1 - wrong[learnt]).sum() / len(random))
        ratio = np.exp(-np.clip(odds, -50, 50))
        for _ in range(STEPS if (~trusted).any() else 0):
            share = max(float(np.mean(_posterior(ratio[~trusted], share))), 1e-6)
        wrong = np.where(trusted, 0.0, _posterior(ratio, share))
    return np.where(trusted, 0.0, _posterior(ratio, max(share, expected)))


def _posterior(ratio: np.ndarray, share: float) -> np.ndarray:
    return share * ratio / (share * ratio + 1 - share)
