"""Pairs that share a rare run of words, against counting them one by one."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations

import numpy as np
import pytest

from veritrain_lib.quality.duplicates.novel_bigrams import BigramIndex
from veritrain_lib.quality.shingles import rare_shingle_pairs, shingle_hashes
from veritrain_lib.quality.text.tokens import tokens_of, word_keys


def texts(count: int) -> list[str]:
    rng = np.random.default_rng(3)
    return [" ".join(rng.choice(list("abcdefgh"), size=rng.integers(0, 7))) for _ in range(count)]


def runs(text: str) -> set[tuple[str, ...]]:
    words = ["^", *text.split(), "^"]
    return {tuple(words[at : at + 3]) for at in range(len(words) - 2)} if text else set()


@pytest.mark.parametrize("across", [0, 40])
def test_pairs_and_their_weights_are_those_of_a_plain_count(across: int):
    rows = texts(160)
    tokens = tokens_of(rows)
    hashes, owners = shingle_hashes(word_keys(len(tokens.words))[tokens.ids], tokens.starts)
    left, right, alone = rare_shingle_pairs(hashes, owners, shared_by=5, across=across)
    sharing = defaultdict(list)
    for number, text in enumerate(rows):
        for run in runs(text):
            sharing[run].append(number)
    wanted: dict[tuple[int, int], float] = defaultdict(float)
    for numbers in sharing.values():
        if 2 <= len(numbers) <= 5:
            for one, other in combinations(numbers, 2):
                if not across or one < across <= other:
                    wanted[one, other] += 1 / (len(numbers) - 1)
    found = dict(zip(zip(left.tolist(), right.tolist(), strict=True), alone.tolist(), strict=True))
    assert wanted
    assert found == pytest.approx(wanted)


def test_no_words_no_pairs():
    hashes, owners = shingle_hashes(np.zeros(0, dtype=np.uint64), np.array([0, 0]))
    assert [len(part) for part in rare_shingle_pairs(hashes, owners, shared_by=5)] == [0, 0, 0]


def test_new_word_pairs_are_those_of_one_text_that_stand_nowhere_else():
    tokens = tokens_of(["pay my bill now", "pay just my bill now", "please pay just that"])
    keys = word_keys(len(tokens.words))[tokens.ids]
    words = [keys[tokens.starts[k] : tokens.starts[k + 1]].tolist() for k in range(2)]
    # (pay, my) stands in the first only, (just, my) in the second only, (pay, just) in the third as well.
    assert BigramIndex(keys, tokens.starts).count_novel(*words) == 2
