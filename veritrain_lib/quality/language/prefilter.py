"""Prefilter of language detection, which skips texts made of words that occur in texts already detected.

A detector that knows 35 languages judges 2,000 short texts a second, and nearly all texts of a large dataset use the
same few thousand words. So the detector judges a sample first. Words that occur in enough of the sample's texts in the
declared language become known, and texts made of known words are skipped. The detector judges what is left in growing
parts, which make more words known. No dictionary is needed, so this works for any language. A text with words of two
languages is not skipped, since nearly all of its words must be known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.quality.text.tokens import reordered_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np

    from veritrain_lib.quality.text.tokens import Tokens

    Judge = Callable[[Sequence[str]], tuple[list[str], list[bool]]]

FIRST = 3_000
"""Number of texts that are judged first; if there are fewer than twice as many texts, all are judged."""

GROWTH = 1.3
"""Factor by which each part of the texts that is judged is larger than the part before."""

MINIMUM_DOCUMENT_FREQUENCY = 2
"""Smallest number of occurrences in texts of the declared language for a word to become known."""

MINIMUM_FREQUENCY_RATIO = 10
"""Ratio of occurrences in texts of the declared language to those in other texts that a known word must exceed."""

MAXIMUM_UNKNOWN_SHARE = 0.2
"""Largest share (0..1) of a skipped text's letters in unknown words, such as names, typos and single foreign words."""

MINIMUM_KNOWN_WORDS = 3
"""Smallest number of known words for a text to be skipped; a shorter text is always judged."""


def detect_with_prefilter(
    tokens: Tokens, texts: np.ndarray, judge: Judge, *, native: Callable[[str], bool], seed: int = 0
) -> Iterator[tuple[int, str]]:
    """Yield the texts that are in another language than declared; texts made of known words are skipped unjudged.

    A skipped text has at least three known words (`MINIMUM_KNOWN_WORDS`), and at most a fifth of its letters are in
    unknown words (`MAXIMUM_UNKNOWN_SHARE`; a letter of a script without spaces counts as three).

    Args:
        tokens: Tokens of the texts.
        texts: The texts.
        judge: Function that returns for each text the code of the other language, "" for none, and whether the text is
            in the declared language.
        native: Function that returns whether a word is in the script of the declared language; only such words become
            known.
        seed: Seed of the order in which texts are judged.

    Yields:
        Number of a text in another language, and the code of that language.
    """
    import numpy as np

    remaining = (
        np.random.default_rng(seed).permutation(len(texts))
        if len(texts) >= 2 * FIRST
        else np.arange(len(texts))
    )
    part_size = FIRST if len(texts) >= 2 * FIRST else len(texts)
    is_native = np.array([native(word) for word in tokens.words], dtype=bool)
    letters = np.array([len(word) * (1 if word < "\u2e80" else 3) for word in tokens.words], dtype=np.int64)
    declared_counts, other_counts = (np.zeros(len(tokens.words), dtype=np.int64) for _ in range(2))
    while len(remaining):
        part, remaining = remaining[:part_size], remaining[part_size:]
        other_languages, in_declared = judge(texts[part].tolist())
        yield from ((int(number), code) for number, code in zip(part, other_languages, strict=True) if code)
        is_declared = np.array(in_declared, dtype=bool)
        declared_counts += _word_counts(tokens, part[is_declared])
        other_counts += _word_counts(tokens, part[~is_declared])
        is_known = (
            is_native
            & (declared_counts >= MINIMUM_DOCUMENT_FREQUENCY)
            & (declared_counts > MINIMUM_FREQUENCY_RATIO * other_counts)
        )
        remaining = remaining[~_is_cleared(tokens, remaining, is_known, letters)]
        part_size = int(part_size * GROWTH)


def _word_counts(tokens: Tokens, numbers: np.ndarray) -> np.ndarray:
    """Return how often each word of the vocabulary occurs in the texts with these numbers."""
    import numpy as np

    return np.bincount(reordered_tokens(tokens, numbers).ids, minlength=len(tokens.words))


def _is_cleared(tokens: Tokens, numbers: np.ndarray, is_known: np.ndarray, letters: np.ndarray) -> np.ndarray:
    import numpy as np

    selected = reordered_tokens(tokens, numbers)
    known_words = _sum(is_known[selected.ids], selected.starts)
    weights = letters[selected.ids]
    unknown_letters = _sum(np.where(is_known[selected.ids], 0, weights), selected.starts)
    cleared: np.ndarray = (known_words >= MINIMUM_KNOWN_WORDS) & (
        unknown_letters <= MAXIMUM_UNKNOWN_SHARE * _sum(weights, selected.starts)
    )
    return cleared


def _sum(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    import numpy as np

    ends = np.concatenate([[0], np.cumsum(values)])
    total: np.ndarray = ends[starts[1:]] - ends[starts[:-1]]
    return total
