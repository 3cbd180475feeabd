"""Search for typing errors: rare words that differ from a more frequent one by a letter or two.

Replacing a typo by the usual word makes copies with any number of typos equal, without comparing rows with rows. Two
words are compared if they share a form with one letter left out (the idea of SymSpell by W. Garbe).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

SHORTEST = 3  # letters of the shorter of two words
LONGEST = 40  # letters; no word is longer, and all forms of one with n letters have n * n letters
TWO_EDITS = 9  # letters from which two edits are a typo; below it one edit is
FREQUENCY_RATIO = 15  # how many times as frequent the usual word must be when the typo occurs more than once


def canonical_words(words: Sequence[str], document_frequency: np.ndarray) -> np.ndarray:
    """Map each word of a vocabulary to its usual spelling.

    A typo is a word without digits that occurs in one text only, or at most once for every 15 texts with the usual
    word, and that is one edit away from the usual word, or two from 9 letters on (optimal string alignment: Damerau
    1964). Of two such words that occur in one text each, the later one is the typo. Of several usual words the most
    frequent, then the first, is taken.

    Args:
        words: The vocabulary.
        document_frequency: Number of texts with each word.

    Returns:
        For each word the position of its usual spelling: its own position, unless it is a typo.
    """
    import numpy as np

    canonical = np.arange(len(words))
    counts = document_frequency.tolist()
    top = max(counts, default=0)
    rare = [n for n, word in enumerate(words)
            if (counts[n] == 1 or counts[n] * FREQUENCY_RATIO <= top) and SHORTEST <= len(word) <= LONGEST and word.isalpha()]  # fmt: skip
    forms: dict[str, list[int]] = {}
    for number in rare:
        for form in _deletion_forms(words[number]):
            forms.setdefault(form, []).append(number)
    best: dict[int, int] = {}
    for number, word in enumerate(words):
        if not SHORTEST <= len(word) <= LONGEST or not word.isalpha():
            continue
        neighbours = {candidate for form in _deletion_forms(word) for candidate in forms.get(form, ())}
        for candidate in neighbours:
            if _outranks(counts, number, candidate) and is_typo(words[candidate], word):
                previous = best.get(candidate)
                if previous is None or (-counts[number], number) < (-counts[previous], previous):
                    best[candidate] = number
    for candidate in sorted(best, key=lambda n: (-counts[n], n)):
        target = best[candidate]
        # Never through a chain: the word next to a typo may be a typo itself.
        canonical[candidate] = target if canonical[target] == target else canonical[target]
    return canonical


def _outranks(counts: list[int], number: int, typo: int) -> bool:
    if number == typo:
        return False
    if counts[typo] == 1:
        return counts[number] > 1 or number < typo
    return counts[number] >= FREQUENCY_RATIO * counts[typo]


def _deletion_forms(word: str) -> Iterator[str]:
    yield word
    for position in range(len(word)):
        yield word[:position] + word[position + 1 :]


def is_typo(one: str, other: str) -> bool:
    """Return whether two different words look like one word and a typo of it, by their letters alone.

    Args:
        one: A word.
        other: Another word.

    Returns:
        True if neither contains a digit and they are one edit apart, or two from 9 letters on.
    """
    shortest = min(len(one), len(other))
    if shortest < SHORTEST or any(character.isdigit() for character in one + other):
        return False
    return edit_distance_at_most(one, other, 2 if shortest >= TWO_EDITS else 1)


def edit_distance_at_most(one: str, other: str, limit: int) -> bool:
    """Return whether the optimal string alignment distance of two words is at most a limit.

    The edits are insertion, deletion, replacement and the swap of neighbours (Damerau 1964).

    Args:
        one: A word.
        other: Another word.
        limit: Largest distance.
    """
    if abs(len(one) - len(other)) > limit:
        return False
    second_last_row: list[int] = []
    last_row = list(range(len(other) + 1))
    for i, x in enumerate(one, start=1):
        row = [i]
        for j, y in enumerate(other, start=1):
            cost = min(last_row[j] + 1, row[j - 1] + 1, last_row[j - 1] + (x != y))
            if i > 1 and j > 1 and x == other[j - 2] and one[i - 2] == y:
                cost = min(cost, second_last_row[j - 2] + 1)
            row.append(cost)
        if min(row) > limit + 1:
            return False
        second_last_row, last_row = last_row, row
    return last_row[-1] <= limit
