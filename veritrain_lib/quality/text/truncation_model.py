"""Classifier of how texts end, which finds cut-off texts.

It is trained on the texts themselves, complete and cut at random. A truncated text can't be recognized by its last
piece alone (`car` may be a word or half of `card`), but by what other texts have in that place: longer words that begin
with the piece, after the same words, and how often it ends a text.
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
"""Smallest number of texts from which the way texts end can be learned.

Of 1,400 diverse messages 2 % were wrongly called truncated.
"""

TRAINING_TEXTS = 10_000
"""Largest number of texts that the model is trained on; they are drawn at random."""

EXAMPLES = 10_000
"""Largest number of texts that the decision trees are trained on, each complete and cut off.

They show how a cut looks; the words that exist are counted in all training texts.
"""

TREES = 120

SUSPICIOUS_ODDS = 5.0
"""Smallest odds of truncation at which a training text is left out of the second training."""

SHORTEST_CUT = 0.25
LONGEST_CUT = 0.95
"""Largest share (0..1) of a text that remains in an example of a truncated text; `SHORTEST_CUT` is the smallest."""

FIRST_SHARE, STEPS = 0.05, 100
"""Initial value (0..1) of the estimated share of truncated texts, and the number of steps of the estimation."""

ENDS_ALIKE = 2
"""Smallest number of other texts with the same last two words for a text to count as complete.

The classifier is not asked about such a text.
"""

ENDS_OFTEN = 5
"""Smallest number of other texts with the same last word for a text to count as complete.

It applies only if no longer word begins with the last word after the same word. The classifier is not asked about such
a text.
"""

MINIMUM_LETTERS = 2
"""Smallest number of letters for a last word to count as truncated; shorter ones occur in `account a` or `circle k`."""

FREQUENT_INSIDE = 5
"""Smallest number of occurrences of a word inside other texts for a text that ends with it to count as complete."""

START = "\x02"

CODE = re.compile(r"@|\d[a-z]{2}|[a-z]{2}\d|\d{7}|[\ufffd\u0080-\u009f]")


def truncation_probabilities(odds: np.ndarray) -> np.ndarray:
    """Return the probability of each text that it was cut off.

    The share of truncated texts is estimated from the odds themselves, by expectation maximisation for a shifted prior
    (M. Saerens, P. Latinne, C. Decaestecker 2002, Neural Computation 14:21-41). If hardly any text is truncated, even
    the texts with the highest odds are nearly always complete.

    Args:
        odds: Odds of truncation of each text, on the assumption that half of all texts are truncated; shape (texts,).

    Returns:
        Probabilities (0 to 1), shape (texts,).
    """
    import numpy as np

    share = FIRST_SHARE
    probability = np.zeros(len(odds))
    for _ in range(STEPS if len(odds) else 0):
        probability = share * odds / (share * odds + 1 - share)
        share = float(probability.mean())
    return probability


class TruncationModel:
    """Classifier of how texts end, which tells cut-off texts from complete ones.

    Args:
        distinct_texts: Different texts, at least 3,000 (`MINIMUM_TEXTS`), of which a few may be truncated.
        seed: Seed of every random choice.
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
        """Return the odds of each text that it was cut off, on the assumption that half of all texts are.

        Args:
            texts: The texts.

        Returns:
            Number of times that each text is likelier to be truncated than complete, shape (texts,); 0 for a text that
            ends like several others.
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
        """Return whether enough other texts end with the same words to call a text complete.

        Args:
            last: The last but one word.
            word: The last word.
            self_count: 1 if the text itself is among the counted texts, else 0.
        """
        if self._ends[(last, word)] - self_count >= ENDS_ALIKE:
            return True
        # A word that often ends texts, and that begins no longer word after the same word.
        return self._ends[(word,)] - self_count >= ENDS_OFTEN and not self._prefixes[(last, word)]

    def _ends_with_complete_word(self, text: str) -> bool:
        """Return whether the last word of a text may be complete by itself.

        In a script with spaces this holds for a word of one letter and, if most texts end without a full stop, for a
        word that also occurs inside other texts.
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
        """Return features of the end of a text, compared with the words of other texts.

        Args:
            text: The text.
            original: The training text that the text equals or was cut from, whose words are not counted; None for any
                other text.
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
    """Return the texts that consist mostly of known words.

    Two thirds of the words except the last must occur in another text, and the last must not be an address or a code.
    Garbage, keys and other languages would teach the model that complete texts may end in anything.
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
    """Split a text into words, or into characters if its script has no spaces.

    Args:
        text: The text.

    Returns:
        Two start markers, then the words, case folded.
    """
    lower = text.casefold().strip()
    return [START, START, *(list(lower) if unspaced(lower) else lower.split())]


def last_words(text: str) -> tuple[str, str]:
    """Return the last two words of a text without splitting all of it.

    Args:
        text: The text.

    Returns:
        The last two words, case folded; the last one is "" if the text has no word.
    """
    if not text.isascii():
        words = words_of(text)
        return words[-2], words[-1] if len(words) > 2 else ""
    pieces = text.casefold().rsplit(None, 2)
    if not pieces:
        return START, ""
    return pieces[-2] if len(pieces) > 1 else START, pieces[-1]
