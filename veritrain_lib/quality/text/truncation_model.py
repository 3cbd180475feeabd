"""Truncation model: a classifier of text endings, trained on the texts themselves, complete and cut at random.

A truncated text is not recognized by its last piece alone (`car` may be a word or half a `card`) but by what other texts
have there: longer words that begin with it, after the same words, and how often it ends a text.
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
"""Texts below which too little is known of how they end: of 1,400 diverse messages 2 % looked truncated."""

TRAINING_TEXTS = 10_000
"""Texts that the model is trained on at most, drawn evenly."""

EXAMPLES = 10_000
"""Texts that the trees are trained on, complete and cut: these show what a cut looks like, all texts which words
exist."""

TREES = 120

SUSPICIOUS_ODDS = 5.0
"""Odds from which a training text is left out of the second training."""

SHORTEST_CUT = 0.25
LONGEST_CUT = 0.95
"""Share of a text that remains in the examples of truncated texts: at least, at most."""

FIRST_SHARE, STEPS = 0.05, 100
"""Initial value of the estimated share of truncated texts, and the number of steps."""

ENDS_ALIKE = 2
"""Other texts that end with the same two words, from which a text counts as complete without the classifier."""

ENDS_OFTEN = 5
"""The same for the last word alone, where no longer word begins with it after the same word."""

MINIMUM_LETTERS = 2
"""Letters of a last piece below which it does not count as truncated: `account a`, `circle k`."""

FREQUENT_INSIDE = 5
"""Occurrences of a word inside other texts, from which one that ends a text counts as complete."""

START = "\x02"

CODE = re.compile(r"@|\d[a-z]{2}|[a-z]{2}\d|\d{7}|[\ufffd\u0080-\u009f]")


def truncation_probabilities(odds: np.ndarray) -> np.ndarray:
    """Return the probability that each text is truncated.

    The share of truncated texts is estimated from the odds themselves, by expectation maximisation for a shifted prior (M.
    Saerens, P. Latinne, C. Decaestecker 2002, Neural Computation 14:21-41): where hardly any text is truncated, those with the
    highest odds are nearly always complete.

    Args:
        odds: Odds of truncation were there as many truncated texts as complete ones.

    Returns:
        Probabilities (0 to 1).
    """
    import numpy as np

    share = FIRST_SHARE
    probability = np.zeros(len(odds))
    for _ in range(STEPS if len(odds) else 0):
        probability = share * odds / (share * odds + 1 - share)
        share = float(probability.mean())
    return probability


class TruncationModel:
    """Model of how texts end.

    Args:
        distinct_texts: Different texts, at least `MINIMUM_TEXTS`, of which a few may be truncated.
        seed: Fixes every random choice.
    """

    def __init__(self, distinct_texts: Sequence[str], seed: int) -> None:
        import numpy as np

        rng = np.random.default_rng(seed)
        sampled = [distinct_texts[index] for index in rng.permutation(len(distinct_texts))[:TRAINING_TEXTS]]
        texts = _with_known_words(sampled)
        self._train(texts, seed)
        # Truncated texts among them would teach that `th` is an ending: suspects are left out of a second training.
        looks_complete = self.odds(texts) < SUSPICIOUS_ODDS
        self._train([text for text, kept in zip(texts, looks_complete, strict=True) if kept], seed)

    def _train(self, texts: list[str], seed: int) -> None:
        import numpy as np
        from sklearn.ensemble import HistGradientBoostingClassifier
        from threadpoolctl import threadpool_limits

        rng = np.random.default_rng(seed)
        self._training_texts = set(texts)
        self._words: Counter[tuple[str, ...]] = Counter()
        self._prefixes: Counter[tuple[str, ...]] = Counter()
        self._ends: Counter[tuple[str, ...]] = Counter()
        for text in texts:
            self._count(words_of(text))
        self._ends_without_stop = 2 * sum(text.rstrip()[-1:].isalnum() for text in texts) > len(texts)
        texts = texts[:EXAMPLES]
        shares = rng.uniform(SHORTEST_CUT, LONGEST_CUT, len(texts))
        kept = [text[: max(3, int(len(text) * share))] for text, share in zip(texts, shares, strict=True)]
        examples = [self._features(text, text) for text in texts]
        examples += [self._features(cut, text) for cut, text in zip(kept, texts, strict=True)]
        answers = np.r_[np.zeros(len(texts)), np.ones(len(texts))]
        # A text and its cut are scored by the model that was trained on the other half.
        self._half = {text: at % 2 for at, text in enumerate(texts)}
        halves = np.tile([self._half[text] for text in texts], 2)
        # On so few examples threads wait longer than they work; the trees are the same.
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
        """Return the odds that each text is truncated, were there as many truncated texts as complete ones.

        Args:
            texts: The texts.

        Returns:
            How many times likelier each text is to be truncated than complete; 0 for one that ends like others.
        """
        import numpy as np

        odds = np.zeros(len(texts))
        common_endings: dict[tuple[str, str], tuple[bool, bool]] = {}
        doubtful = []
        for number, text in enumerate(texts):
            last, word = end = last_words(text)
            if not word:
                continue
            is_common = common_endings.get(end)
            if is_common is None:
                is_common = common_endings[end] = (
                    self._is_common_ending(last, word, 0),
                    self._is_common_ending(last, word, 1),
                )
            if not is_common[text in self._training_texts] and not self._ends_with_complete_word(text):
                doubtful.append(number)
        if doubtful:
            features = np.array(
                [
                    self._features(
                        texts[number], texts[number] if texts[number] in self._training_texts else None
                    )
                    for number in doubtful
                ]
            )
            decisions = np.stack([model.decision_function(features) for model in self._models])
            half = np.array([self._half.get(texts[number], 2) for number in doubtful])
            chosen = np.where(
                half == 0, decisions[0], np.where(half == 1, decisions[1], decisions.mean(axis=0))
            )
            odds[doubtful] = np.exp(np.clip(chosen, -50, 50))
        return odds

    def _is_common_ending(self, last: str, word: str, self_count: int) -> bool:
        """Return whether other texts end with these words; `self_count` (0 or 1) is how often the text itself counts."""
        if self._ends[(last, word)] - self_count >= ENDS_ALIKE:
            return True
        # A word that often ends texts, and that begins no longer word after the same word.
        return self._ends[(word,)] - self_count >= ENDS_OFTEN and not self._prefixes[(last, word)]

    def _ends_with_complete_word(self, text: str) -> bool:
        """Return whether the last word of a text may be complete by itself.

        In a script with spaces that holds for one letter and, where texts end without a stop, for a word that occurs inside others.
        """
        if unspaced(text):
            return False
        word = words_of(text)[-1]
        inside = self._words[(word,)] - self._ends[(word,)]
        return len(word) < MINIMUM_LETTERS or (self._ends_without_stop and inside >= FREQUENT_INSIDE)

    def _count(self, words: list[str]) -> None:
        for at in range(2, len(words)):
            before, last, word = words[at - 2], words[at - 1], words[at]
            self._words.update(((word,), (last, word), (before, last, word), ("", "", "", word[-3:])))
            for width in range(1, len(word)):
                piece = word[:width]
                self._prefixes.update(((piece,), (last, piece), (before, last, piece)))
        self._ends.update(((words[-1],), (words[-2], words[-1]), ("", "", "", words[-1][-3:])))

    def _features(self, text: str, original: str | None) -> list[float]:
        """Return features of the end of a text compared with the words of other texts.

        `original` is the training text that it is or was cut from, whose words do not count; None for another text.
        """
        words = words_of(text)
        before, last, word = words[-3], words[-2], words[-1]
        original_words = words_of(original) if original is not None else []
        original_word = original_words[len(words) - 1] if len(words) <= len(original_words) else ""
        same, longer, ended = (
            int(original_word == word),
            int(original_word != word and original_word != ""),
            int(original == text),
        )
        keys = ((word,), (last, word), (before, last, word))
        counts = [log1p(max(self._words[key] - same, 0)) for key in keys]
        prefixes = [log1p(max(self._prefixes[key] - longer, 0)) for key in keys]
        ends = [log1p(max(self._ends[key] - ended, 0)) for key in keys[:2]]
        shape = ("", "", "", word[-3:])
        shape_seen = log1p(max(self._words[shape] - same, 0))
        shape_ends = log1p(max(self._ends[shape] - ended, 0))
        return [
            *counts, *prefixes, *ends, *(prefix - word_count for prefix, word_count in zip(prefixes, counts, strict=True)), ends[0] - counts[0],
            shape_ends, shape_ends - shape_seen, log1p(self._ends[(last,)]) - log1p(self._words[(last,)]),
            len(word), len(words), len(text), word[-1:].isalnum(), word[-1:].isdigit(),
        ]  # fmt: skip


def _with_known_words(texts: Sequence[str]) -> list[str]:
    """Return texts of mostly known words.

    Two thirds of the words but the last must occur in another text, and the last must be no address or code: garbage, keys and
    other languages would teach that complete texts may end in anything.
    """
    document_frequency = Counter(word for text in texts for word in set(words_of(text)))
    kept = []
    for text in texts:
        *words, last = words_of(text)[2:] or [""]
        known = sum(document_frequency[word] > 1 for word in words)
        if 3 * known >= 2 * len(words) and not CODE.search(last):
            kept.append(text)
    return kept


def words_of(text: str) -> list[str]:
    """Split a text into words, in a script without spaces into characters.

    Args:
        text: The text.

    Returns:
        Two start markers, then the words.
    """
    lower = text.casefold().strip()
    return [START, START, *(list(lower) if unspaced(lower) else lower.split())]


def last_words(text: str) -> tuple[str, str]:
    """Return the last two of `words_of` without splitting the full text.

    Args:
        text: The text.

    Returns:
        The last two words; the last is empty where the text has none.
    """
    if not text.isascii():
        words = words_of(text)
        return words[-2], words[-1] if len(words) > 2 else ""
    pieces = text.casefold().rsplit(None, 2)
    if not pieces:
        return START, ""
    return pieces[-2] if len(pieces) > 1 else START, pieces[-1]
