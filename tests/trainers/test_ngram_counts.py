from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from veritrain_lib.trainers.ngram_counts import NgramCounts

WORDS = [
    "invoice",
    "the",
    "a",
    "my",
    "is",
    "wrong",
    "late",
    "card",
    "again",
    "Refund",
    "please",
    "請求書",
    "not",
    "can't",
    "login",
    "fee",
]
KINDS: list[dict[str, Any]] = [{"ngram_range": (1, 2)}, {"analyzer": "char_wb", "ngram_range": (2, 5)}]


def texts_of(seed: int, count: int) -> list[str]:
    chance = random.Random(seed)
    return [" ".join(chance.choices(WORDS, k=chance.randint(1, 9))) for _ in range(count)]


@pytest.mark.parametrize("kind", KINDS)
def test_fits_are_those_of_scikit_learn_bit_for_bit_however_many_came_before(kind: dict[str, Any]) -> None:
    counts, every = NgramCounts(), texts_of(0, 120)
    for seed in range(4):
        some = random.Random(seed).sample(every, 60) + texts_of(seed + 10, 5)
        known, ours = (TfidfVectorizer(sublinear_tf=True, dtype=np.float32, **kind) for _ in range(2))
        wanted, given = known.fit_transform(some), counts.fit_transform(ours, some)
        for part in ("data", "indices", "indptr"):
            np.testing.assert_array_equal(getattr(given, part), getattr(wanted, part))
        assert type(given) is type(wanted)
        assert ours.vocabulary_ == known.vocabulary_
        assert vars(ours).keys() == vars(known).keys()
        np.testing.assert_array_equal(ours.idf_, known.idf_)
        assert (ours.transform(every) != known.transform(every)).nnz == 0


def test_texts_without_a_term_are_refused_as_by_scikit_learn() -> None:
    with pytest.raises(ValueError, match="empty vocabulary"):
        NgramCounts().fit_transform(TfidfVectorizer(), ["!", "?"])
