"""Slips of the finger: rare words that are another word but for a letter or two.

Putting the usual word in a slip's place makes copies with any number of slips equal, without comparing rows
with rows. Candidates share a form with one letter left out (the idea of SymSpell by W. Garbe).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

SHORTEST = 3  # letters of the shorter of two words
LONGEST = 40  # letters; no word is longer, and all forms of one with n letters have n * n letters
TWO_EDITS = 9  # letters from which two edits are a slip, below it is one
OFTEN = 15  # how many times as frequent the usual word must be when the slip is made more than once


def usual_words(words: Sequence[str], shown: np.ndarray) -> np.ndarray:
    """For each word of a vocabulary the place of the usual one: itself, unless it is a slip.

    A slip stands in one text only, or in one for `OFTEN` of the usual word; it has no digit, and is one edit
    away from the usual word, two from 9 letters on (optimal string alignment: Damerau 1964). Of several the
    most frequent, then the first, is the usual word. Two common words are two words.
    """
    import numpy as np

    usual = np.arange(len(words))
    counts = shown.tolist()
    top = max(counts, default=0)
    rare = [n for n, word in enumerate(words)
            if (counts[n] == 1 or counts[n] * OFTEN <= top) and SHORTEST <= len(word) <= LONGEST and word.isalpha()]  # fmt: skip
    forms: dict[str, list[int]] = {}
    for number in rare:
        for form in _forms(words[number]):
            forms.setdefault(form, []).append(number)
    best: dict[int, int] = {}
    for number, word in enumerate(words):
        if not SHORTEST <= len(word) <= LONGEST or not word.isalpha():
            continue
        near = {one for form in _forms(word) for one in forms.get(form, ())}
        for one in near:
            if _ranks(counts, number, one) and is_slip(words[one], word):
                had = best.get(one)
                if had is None or (-counts[number], number) < (-counts[had], had):
                    best[one] = number
    for one in sorted(best, key=lambda n: (-counts[n], n)):
        target = best[one]
        # Never through a chain: what a slip is near to may be a slip itself.
        usual[one] = target if usual[target] == target else usual[target]
    return usual


def _ranks(counts: list[int], number: int, slip: int) -> bool:
    if number == slip:
        return False
    if counts[slip] == 1:
        return counts[number] > 1 or number < slip
    return counts[number] >= OFTEN * counts[slip]


def _forms(word: str) -> Iterator[str]:
    yield word
    for place in range(len(word)):
        yield word[:place] + word[place + 1 :]


def is_slip(one: str, other: str) -> bool:
    """Whether two different words are one word and a slip of it, by their letters alone."""
    shortest = min(len(one), len(other))
    if shortest < SHORTEST or any(character.isdigit() for character in one + other):
        return False
    return distance_at_most(one, other, 2 if shortest >= TWO_EDITS else 1)


def distance_at_most(one: str, other: str, limit: int) -> bool:
    """Whether optimal string alignment distance (Damerau 1964: insert, delete, replace, swap neighbours) is
    at most `limit`."""
    if abs(len(one) - len(other)) > limit:
        return False
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, x in enumerate(one, start=1):
        now = [i]
        for j, y in enumerate(other, start=1):
            cost = min(last[j] + 1, now[j - 1] + 1, last[j - 1] + (x != y))
            if i > 1 and j > 1 and x == other[j - 2] and one[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            now.append(cost)
        if min(now) > limit + 1:
            return False
        before, last = last, now
    return last[-1] <= limit
