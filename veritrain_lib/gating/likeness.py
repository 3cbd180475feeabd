"""Whether two messages are near copies: the same content words, give or take a typo.

Token overlap alone calls most templated but distinct requests copies (Jaccard >= 0.8 flags two thirds of
5,000 such requests), because what tells them apart is one slot value. So content words must be equal, one by
one and in order, and only these may differ: function and courtesy words, case, punctuation, a typo in a word
that is rare elsewhere, words written together or apart, and one short clause in front or at the end. Tokens
with digits must always be equal. Candidates come from deletion keys (the idea of SymSpell by W. Garbe, over
words instead of letters) and, for scripts without spaces and for several typos, from MinHash (rensa).
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from veritrain_lib.gating.sketches import Sketches
from veritrain_lib.gating.texts import normal, unspaced
from veritrain_lib.gating.words import COURTESY_WORDS, FUNCTION_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from veritrain_lib.task import Task

MINIMUM_CONTENT = 3  # content words below which no function word may differ
MINIMUM_WORDS = 4  # words in all, likewise; and no typo
FUNCTION_CHANGES = 1  # function words that may be changed, added or missing
CLAUSE_WORDS = 5  # longest clause that counts as put in front or at the end
REST_CONTENT = 4  # content words that must be left without that clause
KANA_CHANGES = 4  # hiragana that may change in a text without spaces: particles and endings
UNSPACED_MINIMUM = 10  # characters below which only exact copies count, without spaces
_FIRST = re.compile(r"^\s*([^,.!?:;\n—–]{1,40}[,.!?:;\n—–]+)\s*(?=\S)")
_LAST = re.compile(r"[,.!?:;\n—–]\s*([^,.!?:;\n—–]{1,40})[,.!?:;\n—–]*\s*$")
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


class Matcher:
    """Finds near copies of a task's inputs; what is a function word depends on their declared language."""

    def __init__(self, task: Task) -> None:
        self._english = {field.language for field in task.inputs.values()} <= {"en", None}

    def earlier_copies(self, texts: Sequence[str]) -> list[int | None]:
        """For each text the position of the first text before it that it copies, None when there is none.

        A copy is no original: a text is only compared with texts that are no copies themselves.
        """
        return self._search(texts, range(len(texts)), grow=True)

    def copies_in(self, texts: Sequence[str], reference: Sequence[str]) -> list[int | None]:
        """For each text the position of the first reference text that it copies, None when there is none."""
        whole = [*reference, *texts]
        found = self._search(whole, range(len(reference), len(whole)), grow=False)
        return found[len(reference) :]

    def print_of(self, text: str) -> Print:
        """What is compared of a text."""
        form = normal(text)
        if unspaced(form):
            return Print((), (), "".join(form.split()))
        tokens = form.split()
        kinds = [self._light(token) for token in tokens]
        content = tuple(token for token, light in zip(tokens, kinds, strict=True) if not light)
        function = tuple(
            t for t, light in zip(tokens, kinds, strict=True) if light and t not in COURTESY_WORDS
        )
        return Print(content, function)

    def _light(self, token: str) -> bool:
        if self._english:
            return token in FUNCTION_WORDS or token in COURTESY_WORDS
        return len(token) <= 2 and token.isalpha()

    def _search(self, texts: Sequence[str], asked: Sequence[int], *, grow: bool) -> list[int | None]:
        prints = [self.print_of(text) for text in texts]
        shorter = [self._without_clause(text) for text in texts]
        vocabulary = Counter(word for one in prints for word in set(one.content) | set(one.function))
        index = _Index()
        found: list[int | None] = [None] * len(texts)
        first = asked[0] if len(asked) else len(texts)
        if not grow:
            for number in range(first):
                index.add(number, prints[number], shorter[number])
        for number in asked:
            for candidate in index.candidates(prints[number], shorter[number]):
                if self._copies(prints, shorter, number, candidate, vocabulary):
                    found[number] = candidate
                    break
            if grow and found[number] is None:
                index.add(number, prints[number], shorter[number])
        return found

    def _without_clause(self, text: str) -> list[Print]:
        """The text without a short first clause and without a short last one; not if that clause has a digit."""
        rests = []
        for pattern in (_FIRST, _LAST):
            match = pattern.search(text)
            if match and len(match[1].split()) <= CLAUSE_WORDS and not any(c.isdigit() for c in match[1]):
                rest = self.print_of(text[: match.start()] + " " + text[match.end() :])
                if rest.characters is None and len(rest.content) >= REST_CONTENT:
                    rests.append(rest)
        return rests

    def _copies(
        self, prints: list[Print], shorter: list[list[Print]], one: int, other: int, vocabulary: Counter[str]
    ) -> bool:
        pairs = [(prints[one], prints[other])]
        pairs += [(rest, prints[other]) for rest in shorter[one]] + [
            (prints[one], rest) for rest in shorter[other]
        ]
        return any(same(left, right, vocabulary) for left, right in pairs)


class _Index:
    """Positions by key, and by sketch."""

    def __init__(self) -> None:
        self._keys: dict[int, list[int]] = {}
        self._sketches = Sketches()

    def add(self, number: int, whole: Print, shorter: list[Print]) -> None:
        if not whole.comparable:
            return
        for key in {hash(key) for one in (whole, *shorter) for key in one.deletion_keys()}:
            self._keys.setdefault(key, []).append(number)
        self._sketches.add(number, _shingles(whole))

    def candidates(self, whole: Print, shorter: list[Print]) -> list[int]:
        if not whole.comparable:
            return []
        found: set[int] = set()
        for key in {hash(key) for one in (whole, *shorter) for key in one.deletion_keys()}:
            found.update(self._keys.get(key, ()))
        found.update(self._sketches.candidates(_shingles(whole)))
        return sorted(found)


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
    directed = {"from", "to"} <= set(one.function)
    if not directed and len(one.content) > MINIMUM_CONTENT and sorted(one.content) == sorted(other.content):
        return True
    return _same_but_typos(one, other, vocabulary)


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


def _shingles(one: Print) -> list[str]:
    if one.characters is not None:
        return [one.characters[i : i + 2] for i in range(len(one.characters) - 1)]
    text = " ".join(one.content)
    return [text[i : i + 4] for i in range(max(1, len(text) - 3))]
