"""How texts end, learnt from the texts themselves: whole ones against the same ones cut at random.

What gives a cut away is not the last piece alone (`car` may be a word or half a `card`) but what other texts have
there: longer words that begin with it, behind the same words, and how often it ends a text.
"""

from __future__ import annotations

import re
from collections import Counter
from math import log1p
from typing import TYPE_CHECKING, Any

from veritrain_lib.quality.text.normal_form import unspaced

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

MINIMUM_TEXTS = 3000
"""Texts below which too little is known of how they end: of 1,400 diverse messages 2 % looked cut."""

LEARNT_TEXTS = 10_000
"""Texts that are learnt from at most, drawn evenly."""

EXAMPLES = 10_000
"""Texts that the trees are shown, whole and cut: these say what a cut looks like, all texts what words there are."""

TREES = 120

SUSPECT = 5.0
"""Odds from which a text that is learnt from is left out of the second time."""

SHORTEST = 0.25
LONGEST = 0.95
"""Share of a text that is left of the examples of cut texts."""

FIRST_SHARE, STEPS = 0.05, 100
"""Share of cut texts that the estimate begins with, and its steps."""

ENDS_ALIKE = 2
"""Other texts that end with the same two words, from which a text is taken to be whole without a closer look."""

ENDS_OFTEN = 5
"""The same for the last word alone, where no longer word begins with it behind the same word."""

FEWEST_LETTERS = 2
"""Letters of a last piece below which it is not called cut: `account a`, `circle k`."""

KNOWN = 5
"""Times that a word stands inside other texts, from which one that ends a text is taken to be whole."""

START = "\x02"

CODE = re.compile(r"@|\d[a-z]{2}|[a-z]{2}\d|\d{7}|[\ufffd\u0080-\u009f]")


def chances(odds: np.ndarray) -> np.ndarray:
    """The probability (0 to 1) that each text is cut, from its odds were there as many of both.

    How many are cut at all is estimated from the odds themselves, by expectation and maximisation for a shifted prior
    (M. Saerens, P. Latinne, C. Decaestecker 2002, Neural Computation 14:21-41): where hardly any text is cut, those that
    look it most are whole nearly always.
    """
    import numpy as np

    share = FIRST_SHARE
    chance = np.zeros(len(odds))
    for _ in range(STEPS if len(odds) else 0):
        chance = share * odds / (share * odds + 1 - share)
        share = float(chance.mean())
    return chance


class Endings:
    """Knows how `whole` texts end, of which a few may be cut: different ones, at least `MINIMUM_TEXTS`."""

    def __init__(self, whole: Sequence[str], seed: int) -> None:
        import numpy as np

        rng = np.random.default_rng(seed)
        drawn = [whole[at] for at in rng.permutation(len(whole))[:LEARNT_TEXTS]]
        texts = _of_known_words(drawn)
        self._learn(texts, seed)
        # Cut texts among them would teach that `th` is an ending: what looks cut is left out, and all learnt again.
        clear = self.odds(texts) < SUSPECT
        self._learn([text for text, kept in zip(texts, clear, strict=True) if kept], seed)

    def _learn(self, texts: list[str], seed: int) -> None:
        import numpy as np
        from sklearn.ensemble import HistGradientBoostingClassifier
        from threadpoolctl import threadpool_limits

        rng = np.random.default_rng(seed)
        self._learnt = set(texts)
        self._words: Counter[tuple[str, ...]] = Counter()
        self._starts: Counter[tuple[str, ...]] = Counter()
        self._ends: Counter[tuple[str, ...]] = Counter()
        for text in texts:
            self._count(words_of(text))
        self._bare = 2 * sum(text.rstrip()[-1:].isalnum() for text in texts) > len(texts)
        texts = texts[:EXAMPLES]
        shares = rng.uniform(SHORTEST, LONGEST, len(texts))
        kept = [text[: max(3, int(len(text) * share))] for text, share in zip(texts, shares, strict=True)]
        examples = [self._features(text, text) for text in texts]
        examples += [self._features(cut, text) for cut, text in zip(kept, texts, strict=True)]
        answers = np.r_[np.zeros(len(texts)), np.ones(len(texts))]
        # Whatever the text and its cut are worth is said by the half that knows neither.
        self._half = {text: at % 2 for at, text in enumerate(texts)}
        halves = np.tile([self._half[text] for text in texts], 2)
        # On so few examples threads wait for each other longer than they work; the trees are the same.
        with threadpool_limits(1, user_api="openmp"):
            self._models: list[Any] = [
                HistGradientBoostingClassifier(
                    max_iter=TREES,
                    learning_rate=0.1,
                    max_leaf_nodes=15,
                    l2_regularization=1.0,
                    random_state=seed,
                ).fit(np.array(examples)[halves != half], answers[halves != half])
                for half in (0, 1)
            ]

    def odds(self, texts: Sequence[str]) -> np.ndarray:
        """How many times likelier each text is to be cut than whole, were there as many of both; 0 for one that ends
        like others."""
        import numpy as np

        found = np.zeros(len(texts))
        usual: dict[tuple[str, str], tuple[bool, bool]] = {}
        doubtful = []
        for number, text in enumerate(texts):
            last, word = end = last_words(text)
            if not word:
                continue
            known = usual.get(end)
            if known is None:
                known = usual[end] = (self._usual(last, word, 0), self._usual(last, word, 1))
            if not known[text in self._learnt] and not self._whole_word(text):
                doubtful.append(number)
        if doubtful:
            features = np.array(
                [
                    self._features(texts[at], texts[at] if texts[at] in self._learnt else None)
                    for at in doubtful
                ]
            )
            said = np.stack([model.decision_function(features) for model in self._models])
            half = np.array([self._half.get(texts[at], 2) for at in doubtful])
            chosen = np.where(half == 0, said[0], np.where(half == 1, said[1], said.mean(axis=0)))
            found[doubtful] = np.exp(np.clip(chosen, -50, 50))
        return found

    def _usual(self, last: str, word: str, own: int) -> bool:
        """Whether other texts end with these words; `own` (0 or 1) texts of those learnt are the text itself."""
        if self._ends[(last, word)] - own >= ENDS_ALIKE:
            return True
        # A word that often ends texts, and that no longer one begins with at this place.
        return self._ends[(word,)] - own >= ENDS_OFTEN and not self._starts[(last, word)]

    def _whole_word(self, text: str) -> bool:
        """Whether a text in a script with spaces ends with one letter, or, where texts end without a stop, with a word
        that others have in their middle: both may be all that was meant."""
        if unspaced(text):
            return False
        word = words_of(text)[-1]
        inside = self._words[(word,)] - self._ends[(word,)]
        return len(word) < FEWEST_LETTERS or (self._bare and inside >= KNOWN)

    def _count(self, words: list[str]) -> None:
        for at in range(2, len(words)):
            before, last, word = words[at - 2], words[at - 1], words[at]
            self._words.update(((word,), (last, word), (before, last, word), ("", "", "", word[-3:])))
            for width in range(1, len(word)):
                piece = word[:width]
                self._starts.update(((piece,), (last, piece), (before, last, piece)))
        self._ends.update(((words[-1],), (words[-2], words[-1]), ("", "", "", words[-1][-3:])))

    def _features(self, text: str, own: str | None) -> list[float]:
        """What the end of a text looks like beside the others' words; `own` is the text among those learnt that it
        is or was cut from, whose words do not count."""
        words = words_of(text)
        before, last, word = words[-3], words[-2], words[-1]
        whole = words_of(own) if own is not None else []
        was = whole[len(words) - 1] if len(words) <= len(whole) else ""
        same, longer, ended = int(was == word), int(was != word and was != ""), int(own == text)
        keys = ((word,), (last, word), (before, last, word))
        seen = [log1p(max(self._words[key] - same, 0)) for key in keys]
        begun = [log1p(max(self._starts[key] - longer, 0)) for key in keys]
        ends = [log1p(max(self._ends[key] - ended, 0)) for key in keys[:2]]
        shape = ("", "", "", word[-3:])
        shape_seen = log1p(max(self._words[shape] - same, 0))
        shape_ends = log1p(max(self._ends[shape] - ended, 0))
        return [
            *seen, *begun, *ends, *(one - other for one, other in zip(begun, seen, strict=True)), ends[0] - seen[0],
            shape_ends, shape_ends - shape_seen, log1p(self._ends[(last,)]) - log1p(self._words[(last,)]),
            len(word), len(words), len(text), word[-1:].isalnum(), word[-1:].isdigit(),
        ]  # fmt: skip


def _of_known_words(texts: Sequence[str]) -> list[str]:
    """Texts of which two thirds of the words but the last stand in another one, and whose last is no address or code:
    garbage, keys and other languages would teach that whole texts may end in anything."""
    shown = Counter(word for text in texts for word in set(words_of(text)))
    kept = []
    for text in texts:
        *words, last = words_of(text)[2:] or [""]
        known = sum(shown[word] > 1 for word in words)
        if 3 * known >= 2 * len(words) and not CODE.search(last):
            kept.append(text)
    return kept


def words_of(text: str) -> list[str]:
    """The words of a text, its characters in a script without spaces, with two marks of the start before them."""
    lower = text.casefold().strip()
    return [START, START, *(list(lower) if unspaced(lower) else lower.split())]


def last_words(text: str) -> tuple[str, str]:
    """The last two of `words_of`, `word` empty where the text has none; most texts are long, and the rest of no use."""
    if not text.isascii():
        words = words_of(text)
        return words[-2], words[-1] if len(words) > 2 else ""
    pieces = text.casefold().rsplit(None, 2)
    if not pieces:
        return START, ""
    return pieces[-2] if len(pieces) > 1 else START, pieces[-1]
