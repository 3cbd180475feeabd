"""A quick first look at languages: texts whose words are known from texts that a slow detector has judged.

A detector that knows 35 languages judges 2,000 short texts a second; nearly all texts of a large dataset say
the same few thousand words. So a sample is judged, the words of the texts that were found to be in the
declared language vouch for other texts, and the detector judges what is left, in growing parts that vouch for
more words. No dictionary, so it holds for any language; words of two languages can't clear a text in one of them, since
nearly all its words must be vouched for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.quality.text.tokens import in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np

    from veritrain_lib.quality.text.tokens import Tokens

    Judge = Callable[[Sequence[str]], tuple[list[str], list[bool]]]

FIRST = 3_000
"""Texts that are judged first; with fewer than twice as many all are judged."""

GROWTH = 1.3
"""How much larger each further part is than the one before."""

WITNESSES = 2
"""Texts in the declared language that a word must stand in."""

OUTWEIGHS = 10
"""How many times as often a word must stand in texts of the declared language as in others."""

UNKNOWN = 0.2
"""Share of a text's letters whose words need not be vouched for: names, slips, a word of another language."""

FEWEST = 3
"""Vouched words that a text needs; a shorter one is always judged."""


def vouched_or_judged(
    tokens: Tokens, texts: np.ndarray, judge: Judge, *, native: Callable[[str], bool], seed: int = 0
) -> Iterator[tuple[int, str]]:
    """Numbers of texts that are in another language, and which; those that others vouch for are not judged.

    `tokens` are the words of the texts. `judge` is given texts and says for each the code of the other language,
    "" for none, and whether it is in the declared one. Only words that are `native`, in the declared language's
    script, are vouched for. What is left out has at least `FEWEST` vouched words, and words that are not vouched
    for hold at most the share `UNKNOWN` of its letters (one of a script without spaces counts as three).
    """
    import numpy as np

    waiting = (
        np.random.default_rng(seed).permutation(len(texts))
        if len(texts) >= 2 * FIRST
        else np.arange(len(texts))
    )
    size = FIRST if len(texts) >= 2 * FIRST else len(texts)
    able = np.array([native(word) for word in tokens.words], dtype=bool)
    letters = np.array([len(word) * (1 if word < "\u2e80" else 3) for word in tokens.words], dtype=np.int64)
    good, bad = (np.zeros(len(tokens.words), dtype=np.int64) for _ in range(2))
    while len(waiting):
        part, waiting = waiting[:size], waiting[size:]
        others, own = judge(texts[part].tolist())
        yield from ((int(number), code) for number, code in zip(part, others, strict=True) if code)
        right = np.array(own, dtype=bool)
        good += _standing(tokens, part[right])
        bad += _standing(tokens, part[~right])
        known = able & (good >= WITNESSES) & (good > OUTWEIGHS * bad)
        waiting = waiting[~_cleared(tokens, waiting, known, letters)]
        size = int(size * GROWTH)


def _standing(tokens: Tokens, numbers: np.ndarray) -> np.ndarray:
    """How often each word of the vocabulary stands in these texts."""
    import numpy as np

    return np.bincount(in_order(tokens, numbers).ids, minlength=len(tokens.words))


def _cleared(tokens: Tokens, numbers: np.ndarray, known: np.ndarray, letters: np.ndarray) -> np.ndarray:
    import numpy as np

    these = in_order(tokens, numbers)
    vouched = _sum(known[these.ids], these.starts)
    weights = letters[these.ids]
    unknown = _sum(np.where(known[these.ids], 0, weights), these.starts)
    cleared: np.ndarray = (vouched >= FEWEST) & (unknown <= UNKNOWN * _sum(weights, these.starts))
    return cleared


def _sum(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    import numpy as np

    ends = np.concatenate([[0], np.cumsum(values)])
    total: np.ndarray = ends[starts[1:]] - ends[starts[:-1]]
    return total
