"""Whether two prints of messages are near copies, word by word."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from veritrain_lib.gating.words import COURTESY_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

MINIMUM_CONTENT = 3  # content words below which no function word may differ
MINIMUM_WORDS = 4  # words in all, likewise; and no typo
FUNCTION_CHANGES = 1  # function words that may be changed, added or missing
TURN_MINIMUM = 5  # content words from which two clauses may change places
KANA_CHANGES = 4  # hiragana that may change in a text without spaces: particles and endings
UNSPACED_MINIMUM = 10  # characters below which only exact copies count, without spaces
_HIRAGANA = re.compile("[\u3040-\u309fー]*")


@dataclass(frozen=True)
class Print:
    """What is compared of a text: content words in order, and the function words left out of them."""

    content: tuple[str, ...]
    function: tuple[str, ...]
    characters: str | None = None

    @property
    def comparable(self) -> bool:
        """Whether it is long enough for likeness to mean anything."""
        return bool(self.content) if self.characters is None else len(self.characters) >= UNSPACED_MINIMUM

    @property
    def words(self) -> int:
        """Words without courtesy."""
        return len(self.content) + len(self.function)

    @property
    def short(self) -> bool:
        """Whether a changed function word may change what it says."""
        return len(self.content) < MINIMUM_CONTENT or self.words < MINIMUM_WORDS

    def deletion_keys(self) -> Iterator[tuple[object, ...]]:
        """Equal for two prints whose content differs in at most one word, or only in order."""
        if self.characters is not None:
            return
        yield self.content
        if len(self.content) > 1 and self.words >= MINIMUM_WORDS:
            for place in range(len(self.content)):
                yield (*self.content[:place], *self.content[place + 1 :])
        yield ("sorted", *sorted(self.content))


def same(one: Print, other: Print, vocabulary: Counter[str]) -> bool:
    """Whether two prints are near copies. `vocabulary` counts in how many texts each word stands."""
    if not (one.comparable and other.comparable):
        return False
    if one.characters is not None or other.characters is not None:
        return _same_unspaced(one.characters, other.characters)
    left, right = Counter(one.function), Counter(other.function)
    changes = 0 if one.short or other.short else FUNCTION_CHANGES
    if max((left - right).total(), (right - left).total()) > changes:
        return False
    if one.content == other.content:
        return True
    if _turned(one.content, other.content) and not {"from", "to"} <= set(one.function):
        return True
    return _same_but_typos(one, other, vocabulary)


def _turned(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """The same words with the end put in front, as when two clauses change places."""
    if len(one) < TURN_MINIMUM or len(one) != len(other):
        return False
    return any(one[place:] + one[:place] == other for place in range(2, len(one) - 1))


def _same_but_typos(one: Print, other: Print, vocabulary: Counter[str]) -> bool:
    if min(one.words, other.words) < MINIMUM_WORDS:
        return False
    budget = 1 + len(one.content) // 6
    for tag, a, b, c, d in SequenceMatcher(None, one.content, other.content, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        left, right = one.content[a:b], other.content[c:d]
        budget -= max(len(left), len(right))
        if "".join(left) == "".join(right):
            budget += 1
        elif len(left) == len(right):
            if not all(is_typo(x, y, vocabulary) for x, y in zip(left, right, strict=True)):
                return False
        # A slip in a light word makes it look like a content word that the other text lacks.
        elif not all(
            _slip(word, other.function, vocabulary) for word in left if len(left) > len(right)
        ) or not all(_slip(word, one.function, vocabulary) for word in right if len(right) > len(left)):
            return False
        if budget < 0:
            return False
    return True


def _slip(word: str, function: tuple[str, ...], vocabulary: Counter[str]) -> bool:
    if vocabulary[word] > 1:
        return False
    courtesy = (near for near in COURTESY_WORDS if len(near) > 3)
    return any(distance_at_most(word, near, 1) for near in (*function, *courtesy) if len(near) > 1)


def is_typo(one: str, other: str, vocabulary: Counter[str]) -> bool:
    """Whether two different words are one word and a slip of it: one edit from 4 letters, two from 9, no
    digits, and one of the two stands in no other text (two common words are two words)."""
    if any(character.isdigit() for character in one + other):
        return False
    shortest = min(len(one), len(other))
    if shortest < 3 or min(vocabulary[one], vocabulary[other]) > 1:
        return False
    return distance_at_most(one, other, 2 if shortest >= 9 else 1)


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
        before, last = last, now
    return last[-1] <= limit


def _same_unspaced(one: str | None, other: str | None) -> bool:
    if one is None or other is None:
        return False
    changed = 0
    for tag, a, b, c, d in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        if not (_HIRAGANA.fullmatch(one[a:b]) and _HIRAGANA.fullmatch(other[c:d])):
            return False
        changed += max(b - a, d - c)
    return changed <= min(KANA_CHANGES, len(one) // 6)
