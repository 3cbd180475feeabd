"""Letters that stand together nowhere else: words that no other message of the same people has anything like."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MINIMUM_TRIGRAMS = 6  # trigrams a text needs before their strangeness means anything
MINIMUM_KNOWN = 1200  # different trigrams that must be known; about 200 short messages have them
OTHERS = 2  # other texts that must hold a trigram, so that two mashed rows do not vouch for each other
LATIN_WORD = re.compile(r"[a-zà-öø-ÿā-ž]{3,}")


class Strangeness:
    """Knows the letter trigrams of texts, and says how many of a text's are known from elsewhere.

    No dictionary: the language is that of the texts themselves. Only words in Latin script are looked at.
    """

    def __init__(self, judged: Sequence[str], known: Sequence[str]) -> None:
        self._counts = Counter(trigram for text in judged for trigram in set(_trigrams(text)))
        self._known = {trigram for text in known for trigram in _trigrams(text)}
        frequent = {trigram for trigram, count in self._counts.items() if count > OTHERS}
        self.enough = len(self._known | frequent) >= MINIMUM_KNOWN

    def familiar(self, text: str) -> float | None:
        """The share (0 to 1) of a judged text's trigrams that known texts or two other judged texts hold; None
        when it has too few or too little is known."""
        trigrams = list(_trigrams(text))
        if not self.enough or len(trigrams) < MINIMUM_TRIGRAMS:
            return None
        return sum(one in self._known or self._counts[one] > OTHERS for one in trigrams) / len(trigrams)


def _trigrams(text: str) -> Iterator[str]:
    for word in LATIN_WORD.findall(text.casefold()):
        padded = f" {word} "
        for start in range(len(padded) - 2):
            yield padded[start : start + 3]
