"""Letters that stand together nowhere else: words that no other message of the same people has anything like."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

    from veritrain_lib.quality.text.tokens import Tokens

MINIMUM_TRIGRAMS = 6  # trigrams a text needs before their strangeness means anything
MINIMUM_KNOWN = 1200  # different trigrams that must be known; about 200 short messages have them
OTHERS = 2  # other texts that must hold a trigram, so that two mashed rows do not vouch for each other
LATIN_WORD = re.compile(r"[a-zà-öø-ÿā-ž]{3,}")


def familiar_shares(tokens: Tokens, known: Sequence[str]) -> np.ndarray:
    """For each text the share (0 to 1) of its words' letter trigrams that known texts or two other texts hold;
    `nan` where it has too few or too little is known.

    No dictionary: the language is that of the texts themselves. Only words in Latin script are looked at. Each
    word of the vocabulary is looked at once: a trigram counts as often as the words that hold it.
    """
    import numpy as np

    own = [list(_trigrams(word)) for word in tokens.words]
    counts: Counter[str] = Counter()
    for trigrams, shown in zip(own, tokens.shown.tolist(), strict=True):
        for trigram in set(trigrams):
            counts[trigram] += shown
    familiar = {trigram for text in known for trigram in _trigrams(text)}
    familiar.update(trigram for trigram, count in counts.items() if count > OTHERS)
    if len(familiar) < MINIMUM_KNOWN:
        return np.full(len(tokens), np.nan)
    held = np.array([len(trigrams) for trigrams in own], dtype=np.int64)
    seen = np.array([sum(one in familiar for one in trigrams) for trigrams in own], dtype=np.int64)
    total, hits = (_sum(values[tokens.ids], tokens.starts) for values in (held, seen))
    return np.where(total >= MINIMUM_TRIGRAMS, hits / np.maximum(total, 1), np.nan)


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
