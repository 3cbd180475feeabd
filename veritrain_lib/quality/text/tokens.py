"""Words of many texts as numbers: one vocabulary, one array of word ids, and the start of each text."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from veritrain_lib.quality.duplicates.function_words import COURTESY, FUNCTION_WORDS, GREETS, THANKS
from veritrain_lib.quality.text.normal_form import normal, unspaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy as np

# A script without spaces is split where the script changes; hiragana, which holds particles and endings, is split into
# characters. Longer runs of it are words written without kanji, which are not recognized.
_RUNS = re.compile(
    "[\u3040-\u309f]|[\u30a0-\u30ff]+|[\u3400-\u9fff\u3005]+|[^\\W\u3040-\u30ff\u3005\u3400-\u9fff]+"
)
_HIRAGANA = re.compile("[\u3040-\u309fー]")
SEED = 20261124


@dataclass(frozen=True)
class Tokens:
    """Words of n texts as numbers over one vocabulary.

    Attributes:
        words: The vocabulary in order of first appearance.
        ids: The words of all texts, one text after the other, as positions in the vocabulary.
        starts: Boundaries: text k is `ids[starts[k]:starts[k + 1]]`; shape (n + 1,).
        document_frequency: For each word of the vocabulary the number of texts that contain it.
        form_hashes: Hashes of the texts' normal forms, shape (n,); equal forms have equal hashes within one process.
    """

    words: list[str]
    ids: np.ndarray
    starts: np.ndarray
    document_frequency: np.ndarray
    form_hashes: np.ndarray

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> np.ndarray:
        """The number of words of each text, shape (n,)."""
        import numpy as np

        return np.diff(self.starts)

    def of(self, number: int) -> list[str]:
        """Return the words of one of the texts, in order.

        Args:
            number: Number of the text, from 0.
        """
        return [self.words[word_id] for word_id in self.ids[self.starts[number] : self.starts[number + 1]]]

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Return for each text the sum of a value over its words, shape (n,).

        Args:
            values: One value for each word of the vocabulary.
        """
        import numpy as np

        ends = np.concatenate([[0], np.cumsum(values[self.ids])])
        total: np.ndarray = ends[self.starts[1:]] - ends[self.starts[:-1]]
        return total

    def contains(self, condition: Callable[[str], bool]) -> np.ndarray:
        """Return which texts have a word that fulfils a condition, as a boolean array of shape (n,).

        Args:
            condition: Function that returns whether a word fulfils it; called once for each word of the vocabulary.
        """
        import numpy as np

        matches = np.fromiter(map(condition, self.words), dtype=np.int32, count=len(self.words))
        mask: np.ndarray = self.sums(matches) > 0
        return mask

    def text_indices(self) -> np.ndarray:
        """Return for each word of all texts the number of its text, from 0; same shape as `ids`."""
        import numpy as np

        return np.repeat(np.arange(len(self), dtype=np.int32), self.lengths)


def tokens_of(texts: Iterable[str]) -> Tokens:
    """Split texts in their normal form into words, as numbers over one vocabulary.

    Japanese, Chinese and other scripts without spaces are split where the script changes, hiragana into characters. In
    other scripts a greeting at the beginning and thanks at the end are left out.

    Args:
        texts: The texts.
    """
    from array import array

    import numpy as np

    word_ids: defaultdict[str, int] = defaultdict()
    word_ids.default_factory = word_ids.__len__
    ids, ends, forms = array("i"), array("q", [0]), array("q")
    for text in texts:
        form = normal(text)
        forms.append(hash(form))
        if not form.isascii() and unspaced(form):
            words = _RUNS.findall(form)
        else:
            words = form.split()
            # The pattern is slow, and most messages have neither.
            if words and (words[0] in GREETS or words[-1] in THANKS):
                words = COURTESY.sub("", form).split()
        ids.extend(map(word_ids.__getitem__, words))
        ends.append(len(ids))
    all_ids, starts = np.frombuffer(ids, dtype=np.intc) if ids else np.zeros(0, np.intc), np.array(ends)
    hashes = np.frombuffer(forms, dtype=np.int64) if forms else np.zeros(0, np.int64)
    return Tokens(
        list(word_ids), all_ids, starts, _document_frequency(all_ids, starts, len(word_ids)), hashes
    )


def _document_frequency(ids: np.ndarray, starts: np.ndarray, words: int) -> np.ndarray:
    import numpy as np

    text_indices = np.repeat(np.arange(len(starts) - 1, dtype=np.int64), np.diff(starts))
    # A word that occurs twice in a text counts once.
    pairs = np.sort(text_indices * max(words, 1) + ids)
    fresh = np.concatenate([[True], pairs[1:] != pairs[:-1]]) if len(pairs) else np.zeros(0, dtype=bool)
    return np.bincount(pairs[fresh] % max(words, 1), minlength=words)


def concatenated_tokens(first: Tokens, second: Tokens) -> Tokens:
    """Return the tokens of two sets of texts, one after the other, over one vocabulary.

    Args:
        first: Tokens of the first texts.
        second: Tokens of the texts that follow them.
    """
    import numpy as np

    word_ids = {word: word_id for word_id, word in enumerate(first.words)}
    second_ids = np.array([word_ids.setdefault(word, len(word_ids)) for word in second.words], dtype=np.intc)
    document_frequency = np.zeros(len(word_ids), dtype=np.int64)
    document_frequency[: len(first.words)] = first.document_frequency
    np.add.at(document_frequency, second_ids, second.document_frequency)
    ids = np.concatenate([first.ids, second_ids[second.ids]]) if len(second.ids) else first.ids
    starts = np.concatenate([first.starts, second.starts[1:] + first.starts[-1]])
    return Tokens(
        list(word_ids),
        ids,
        starts,
        document_frequency,
        np.concatenate([first.form_hashes, second.form_hashes]),
    )


def subset_of(tokens: Tokens, numbers: np.ndarray) -> Tokens:
    """Return the tokens of some of the texts, in a given order, over the same vocabulary.

    Args:
        tokens: Tokens of all texts.
        numbers: Numbers of the texts.

    Returns:
        The tokens, whose document frequency counts only the chosen texts and may be 0.
    """
    subset = reordered_tokens(tokens, numbers)
    return replace(
        subset, document_frequency=_document_frequency(subset.ids, subset.starts, len(subset.words))
    )


def reordered_tokens(tokens: Tokens, order: np.ndarray) -> Tokens:
    """Return the tokens of texts in another order, over the same vocabulary and with the same document frequency.

    Args:
        tokens: Tokens of all texts.
        order: Text k of the result is text `order[k]`.
    """
    import numpy as np

    lengths = tokens.lengths[order]
    starts = np.concatenate([[0], np.cumsum(lengths)])
    positions = np.arange(starts[-1]) + np.repeat(tokens.starts[:-1][order] - starts[:-1], lengths)
    return Tokens(
        tokens.words, tokens.ids[positions], starts, tokens.document_frequency, tokens.form_hashes[order]
    )


def word_keys(words: int) -> np.ndarray:
    """Return a random 64-bit number for each word of a vocabulary, the same at every call.

    Args:
        words: Number of words.

    Returns:
        Array of shape (words,).
    """
    import numpy as np

    return np.random.default_rng(SEED).integers(0, 2**64, size=words, dtype=np.uint64)


def is_function_word(word: str, *, english: bool) -> bool:
    """Return whether a word carries no content.

    Args:
        word: The word in its normal form.
        english: Whether the language is English.

    Returns:
        True for a function word of English; in any other language for a hiragana character, or a word of one or two
        ASCII letters.
    """
    if english:
        return word in FUNCTION_WORDS
    if len(word) == 1 and _HIRAGANA.fullmatch(word):
        return True
    return len(word) <= 2 and word.isalpha() and word.isascii()
