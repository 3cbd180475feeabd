"""Pairs that are none are found; pairs that are right stay, with and without trusted ones."""

from __future__ import annotations

import numpy as np
import pytest
from gate_rows import make_context, make_rows, make_task
from pair_rows import pair_context, pair_rows, pairs

from veritrain_lib.core.errors import UserError
from veritrain_lib.quality.checks.alignment import check


def shuffled(count: int, wrong: int, seed: int = 0):
    rows = pairs(count, seed)
    places = np.random.default_rng(seed).choice(count, wrong, replace=False)
    rows.loc[places, "en"] = rows.loc[np.roll(places, 1), "en"].tolist()
    return rows, set(places.tolist())


@pytest.mark.parametrize("trusted", [0, 300])
def test_shuffled_pairs_are_found_and_few_others(trusted: int):
    rows, wrong = shuffled(900, 90)
    found = check(rows, pair_context(pairs(1500)[900 : 900 + trusted] if trusted else None))
    flagged = set(found.index[found != ""])
    assert len(flagged & wrong) >= 0.85 * len(wrong)
    assert len(flagged - wrong) <= 0.02 * (len(rows) - len(wrong))


def test_right_pairs_stay():
    found = check(pairs(900), pair_context())
    assert (found != "").mean() <= 0.02


def test_the_same_seed_gives_the_same_reasons():
    rows, _ = shuffled(400, 40)
    assert check(rows, pair_context(seed=3)).equals(check(rows, pair_context(seed=3)))


def test_a_few_pairs_are_only_looked_at_for_plain_signs():
    rows = pair_rows(
        [("駅で本を買いました。", "it is raining ."), ("犬は魚が好きです。", "犬は魚が好きです。")]
    )
    assert check(rows, pair_context()).tolist() == ["", "alignment:source_in_target"]


def test_rows_without_a_text_are_left_to_the_contract():
    rows = pair_rows([("", "x"), ("本", ""), ("  ", None)])
    assert check(rows, pair_context()).tolist() == ["", "", ""]


def test_languages_must_be_declared():
    with pytest.raises(UserError, match="declare `language`"):
        check(make_rows(["a"]), make_context(make_task("en", labels=None)))
