"""The lexicon's leave-one-out values are those of a lexicon that was learnt without the row."""

from __future__ import annotations

import numpy as np
from pair_rows import pairs

from veritrain_lib.quality.translation.alignment_classifier import MINIMUM_PAIRS, misalignment_probabilities
from veritrain_lib.quality.translation.lexicon import association_scores, encode, fit_lexicon


def test_a_row_is_scored_as_by_a_lexicon_that_has_not_seen_it():
    rows = pairs(250)
    everyone = np.ones(len(rows), dtype=bool)
    this, other = encode(rows["ja"].tolist(), everyone), encode(rows["en"].tolist(), everyone)
    references = np.arange(40, 90)
    own = np.array([[7, 7]])
    with_it = association_scores(fit_lexicon(this, other, everyone), this, other, own, references)
    rest = everyone.copy()
    rest[7] = False
    without = association_scores(fit_lexicon(this, other, rest), this, other, own, references)
    np.testing.assert_allclose(with_it[0, 0], without[0, 0], rtol=0.02)


def test_texts_that_belong_together_stand_out_from_chance():
    rows = pairs(600)
    everyone = np.ones(len(rows), dtype=bool)
    this, other = encode(rows["ja"].tolist(), everyone), encode(rows["en"].tolist(), everyone)
    numbers = np.arange(len(rows))
    direction = fit_lexicon(this, other, everyone)
    right = association_scores(direction, this, other, np.stack([numbers, numbers], axis=1), numbers[:100])
    wrong = association_scores(
        direction, this, other, np.stack([numbers, np.roll(numbers, 1)], axis=1), numbers[:100]
    )
    assert right[:, 0].mean() > wrong[:, 0].mean() + 1
    assert abs(wrong.mean()) < 1


def test_below_two_hundred_pairs_nothing_is_doubted_and_trusted_pairs_never_are():
    few = pairs(MINIMUM_PAIRS - 1)
    trusted = np.zeros(len(few), dtype=bool)
    assert not misalignment_probabilities(
        few["ja"].tolist(), few["en"].tolist(), trusted, expected=0.05, seed=0
    ).any()
    rows = pairs(600)
    rows.loc[:50, "en"] = rows.loc[50::-1, "en"].tolist()
    trusted = np.arange(len(rows)) < 100
    found = misalignment_probabilities(
        rows["ja"].tolist(), rows["en"].tolist(), trusted, expected=0.05, seed=0
    )
    assert not found[trusted].any()
    assert ((found >= 0) & (found <= 1)).all()
