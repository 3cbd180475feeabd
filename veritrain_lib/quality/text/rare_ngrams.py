"""Rare letter n-grams, by which words are found that resemble nothing in the other messages."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

    from veritrain_lib.quality.text.tokens import Tokens

MINIMUM_TRIGRAMS = 6  # trigrams a text needs before their rarity means anything
MINIMUM_KNOWN = 1200  # different trigrams that must be known; about 200 short messages have them
OTHERS = (
    2  # other texts that must hold a trigram, so that two rows of keyboard mash do not confirm each other
)
LATIN_WORD = re.compile(r"[a-zà-öø-ÿā-ž]{3,}")


def known_trigram_shares(tokens: Tokens, reference: Sequence[str]) -> np.ndarray:
    """Return the share of each text's letter trigrams that occur in reference texts or in two other texts.

    No dictionary is needed, because the language is that of the texts themselves. Only words in Latin script count.
    Each word of the vocabulary is examined once: a trigram counts as often as there are texts with a word that contains
    it.

    Args:
        tokens: Tokens of the texts.
        reference: Reference texts.

    Returns:
        Shares (0 to 1) of shape (texts,); nan for a text with too few trigrams, and for every text if too few trigrams
        are known.
    """
    import numpy as np

    trigrams_of_word = [list(_trigrams(word)) for word in tokens.words]
    counts: Counter[str] = Counter()
    for trigrams, document_frequency in zip(
        trigrams_of_word, tokens.document_frequency.tolist(), strict=True
    ):
        for trigram in set(trigrams):
            counts[trigram] += document_frequency
    known = {trigram for text in reference for trigram in _trigrams(text)}
    known.update(trigram for trigram, count in counts.items() if count > OTHERS)
    if len(known) < MINIMUM_KNOWN:
        return np.full(len(tokens), np.nan)
    trigram_counts = np.array([len(trigrams) for trigrams in trigrams_of_word], dtype=np.int64)
    known_counts = np.array(
        [sum(trigram in known for trigram in trigrams) for trigrams in trigrams_of_word], dtype=np.int64
    )
    total, known_total = (
        _sum(values[tokens.ids], tokens.starts) for values in (trigram_counts, known_counts)
    )
    return np.where(total >= MINIMUM_TRIGRAMS, known_total / np.maximum(total, 1), np.nan)


def _sum(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    import numpy as np

    ends = np.concatenate([[0], np.cumsum(values)])
    total: np.ndarray = ends[starts[1:]] - ends[starts[:-1]]
    return total


def _trigrams(text: str) -> Iterator[str]:
    for word in LATIN_WORD.findall(text.casefold()):
        padded = f" {word} "
        for start in range(len(padded) - 2):
            yield padded[start : start + 3]
