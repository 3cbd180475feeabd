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
from typing import TYPE_CHECKING

from veritrain_lib.gating.sameness import Print, same
from veritrain_lib.gating.sketches import Sketches
from veritrain_lib.gating.texts import normal, unspaced
from veritrain_lib.gating.words import COURTESY_WORDS, FUNCTION_WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from veritrain_lib.task import Task

CLAUSE_WORDS = 5  # longest clause that counts as put in front or at the end
REST_CONTENT = 4  # content words that must be left without that clause
_FIRST = re.compile(r"^\s*([^,.!?:;\n—–]{1,40}[,.!?:;\n—–]+)\s*(?=\S)")
_LAST = re.compile(r"[,.!?:;\n—–]\s*([^,.!?:;\n—–]{1,40})[,.!?:;\n—–]*\s*$")


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


def _shingles(one: Print) -> list[str]:
    if one.characters is not None:
        return [one.characters[i : i + 2] for i in range(len(one.characters) - 1)]
    text = " ".join(one.content)
    return [text[i : i + 4] for i in range(max(1, len(text) - 3))]
