"""Comparison of two messages word by word: whether one is an edited copy of the other.

Typos were corrected before (`typos`). Open this to see which edits are allowed and how much evidence each needs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Sequence
from difflib import SequenceMatcher

from veritrain_lib.quality.duplicates.function_words import FRAME_WORDS, TURNING_WORDS
from veritrain_lib.quality.duplicates.typos import is_typo

EDITS = 2  # words that may be changed, added or missing
HIRAGANA_EDITS = 4  # hiragana characters likewise, in a text without spaces
LEAST_CONTENT = 2  # content words that two texts must share for an edit to count
EXCHANGED = 3  # longest run of words that counts as one of two swapped slot values
BETWEEN = 4  # longest run of words between them
CLAUSE_WORDS = 5  # longest clause that counts as added in front or at the end
REST_CONTENT = 4  # content words that must be left without that clause

# Weights of a logistic regression that tells planted edits from differences between clean rows of CLINC150, in units of
# the weight of one rare shingle; `NEW` is the weight of a word pair that occurs in no other text.
ANY, AT_END, FRAME, CONTENT, SLIP, NEW = 1.8, 1.3, 0.65, 3.6, 1.0, 1.15

WordPredicate = Callable[[str], bool]


def reordered(one: Sequence[str], other: Sequence[str]) -> bool:
    """Return whether two different orders of the same words have the same meaning.

    Args:
        one: Words of the first text.
        other: The same words in another order.

    Returns:
        True; but False if two short runs of words swap places around others, as in `from boston to denver` and `from denver to
        boston`, or `today not tomorrow`.
    """
    prefix = 0
    while one[prefix] == other[prefix]:
        prefix += 1
    suffix = 0
    while one[-1 - suffix] == other[-1 - suffix]:
        suffix += 1
    left, right = list(one[prefix : len(one) - suffix]), list(other[prefix : len(other) - suffix])
    if len(left) > 2 * EXCHANGED + BETWEEN:
        return True
    return not any(
        left[:a] == right[len(right) - a :] and left[len(left) - b :] == right[:b]
        and left[a : len(left) - b] == right[b : len(right) - a]
        for a in range(1, EXCHANGED + 1)
        for b in range(1, EXCHANGED + 1)
        if 0 < len(left) - a - b <= BETWEEN
    )  # fmt: skip


def edited(
    one: Sequence[str],
    other: Sequence[str],
    is_function_word: WordPredicate,
    written: tuple[Sequence[str], Sequence[str]] | None = None,
    rare: Container[str] = (),
) -> float | None:
    """Return the evidence that is needed to call one text an edited copy of the other; None if it can't be one.

    The words must be in the same order with at most two of them changed (four hiragana characters in Japanese). A
    function word may be added, left out or replaced by another. A content word may be added or left out unless it
    contains a digit or reverses the meaning, but never replaced, because templated requests differ in just that way.
    Different requests differ from each other at their ends, in their frame (`could you ... please`) and by a content
    word more often than copies do from their originals, so such edits need more evidence (`AT_END`, `FRAME`,
    `CONTENT`), and so does a typo that was corrected to another word (`SLIP`).

    Args:
        one: Words of the first text.
        other: Words of the second text.
        is_function_word: Function that returns whether a word carries no content.
        written: The words of both texts before the correction of typos; None if they are the same.
        rare: Words that occur in one text only.

    Returns:
        The number of rare shingles (runs of words) that the two must share; None if neither is an edit of the other.
    """
    raw_one, raw_other = written or (one, other)
    shared = (Counter(one) & Counter(other)).elements()
    if sum(not is_function_word(word) for word in shared) < LEAST_CONTENT:
        return None
    edits, needed = 0.0, ANY
    for tag, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        left, right = one[a:b], other[c:d]
        changed = (*left, *right)
        if "".join(left) == "".join(right):
            edits += 1
            continue
        if b - a == d - c and all(
            _is_rare_typo(x, y, rare) for x, y in zip(raw_one[a:b], raw_other[c:d], strict=True)
        ):
            edits += b - a
            needed += SLIP * (b - a)
            continue
        content = [word for word in changed if not is_function_word(word)]
        if not all(_is_changeable(word) for word in content) or (content and left and right):
            return None
        kana = all("\u3040" <= word <= "\u309f" for word in changed)
        edits += max(len(left), len(right)) * (EDITS / HIRAGANA_EDITS if kana else 1)
        needed += AT_END * (not kana and (a == 0 or b == len(one))) + CONTENT * bool(content)
        needed += FRAME * sum(word in FRAME_WORDS for word in changed)
    return needed if edits <= EDITS else None


def with_clause(one: Sequence[str], other: Sequence[str], is_function_word: WordPredicate) -> float | None:
    """Return the evidence that is needed to call one text a copy of the other with a clause added; None if it is not.

    Args:
        one: Words of the first text.
        other: Words of the second text.
        is_function_word: Function that returns whether a word carries no content.

    Returns:
        The number of rare shingles (runs of words) that the two must share; None if neither is the other with a clause
        of at most five words in front or at the end.
    """
    short, long = sorted((list(one), list(other)), key=len)
    added = len(long) - len(short)
    if not 0 < added <= CLAUSE_WORDS or sum(not is_function_word(word) for word in short) < REST_CONTENT:
        return None
    clause = long[:added] if long[added:] == short else long[-added:] if long[:-added] == short else None
    return None if clause is None or not all(map(_is_changeable, clause)) else ANY + AT_END + CONTENT


def _is_rare_typo(one: str, other: str, rare: Container[str]) -> bool:
    return (one in rare or other in rare) and is_typo(one, other)


def _is_changeable(word: str) -> bool:
    return not (word in TURNING_WORDS or any(character.isdigit() for character in word))
