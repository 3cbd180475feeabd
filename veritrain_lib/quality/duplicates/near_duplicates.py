"""Whether two messages are near copies: the same words, give or take a slip or a word that changes nothing.

Token overlap alone calls most templated but distinct requests copies (Jaccard >= 0.8 flags two thirds of
5,000 such requests), because what tells them apart is one slot value. So a content word may never stand for
another one, tokens with digits must be equal, and words may be added, lost or changed only where what the two
texts share is rare among all texts. Each step is one or two sorts over all words, so time grows as n log n:

1. Courtesy is left out (`words`), and a slip is put right (`spelling`).
2. The same words in any order: a key that adds up the words' numbers finds them (`sameness.reordered`).
3. Words added, lost or changed: texts that share a rare run of words (`shingles`), and whose words differ
   little by a fingerprint of 64 bits, are compared word by word (`sameness.edited`, `.with_clause`). A copy
   brings the answer of its original along: another answer speaks against one, the same sentence for one.
4. Texts whose answer is the same sentence, and which are spelt alike but for a character or two.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from veritrain_lib.quality.duplicates.edit_match import CLAUSE_WORDS, NEW, edited, reordered, with_clause
from veritrain_lib.quality.duplicates.function_words import POLITE_WORDS
from veritrain_lib.quality.duplicates.novel_bigrams import WordPairs
from veritrain_lib.quality.duplicates.typos import distance_at_most, usual_words
from veritrain_lib.quality.shingles import rare_pairs, run_hashes
from veritrain_lib.quality.text.tokens import Tokens, joined_tokens, keys_of, light, tokens_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

    from veritrain_lib.core.task import Task

FEWEST_IN_ORDER = 3  # words of a text below which nothing is a near copy
FEWEST_WORDS = 4  # words below which no word may be added, lost or changed
FEWEST_TURNED = 5  # words, the frame aside, below which another order is another message
BY_KEY = 3  # earlier texts with the same words that a text is compared with, beside the first of them
BITS = 4  # of 64 fingerprint bits that a text may have and the other one not, to be compared
SHARED, SHARED_ACROSS = 8, 20  # texts that may share a run: of the same data, of rows and held-out rows
ALONE = 0.5  # runs that two texts of the same data must have for themselves (`shingles.rare_pairs`) to be compared
# Rare runs that stand for or against a copy beside the words themselves. Weighed on planted copies in, and clean rows
# of, CLINC150 and Tanaka (`make bench-gate`): a sentence as answer is hardly met twice, a label by all of an intent.
ALONE_AGREED = 0.2  # the same for two texts with the same sentence as answer
SAME_SENTENCE, SAME_LABEL, OTHER_ANSWER, HELD_OUT = 1.8, -0.6, -3.0, -0.3
LETTERS = 2  # characters in which a text may be spelt otherwise than one with the same sentence as answer
FEWEST_LETTERS = 6  # characters that such a text needs


class Matcher:
    """Finds near copies of a task's inputs; what is a function word depends on their declared language."""

    def __init__(self, task: Task) -> None:
        english = {field.language for field in task.inputs.values()} <= {"en", None}
        # Rows of both directions: what is a function word in either language is one.
        both = task.target.direction is not None
        self._light = _light_in_both if both else partial(light, english=english)
        self._task = task

    def earlier_copies(self, texts: Sequence[str]) -> list[int | None]:
        """For each text the position of the first text before it that it copies, None when there is none.

        A copy is no original: a text is only compared with texts that are no copies themselves.
        """
        return [None if place < 0 else place for place in self.earlier(tokens_of(texts)).tolist()]

    def copies_in(self, texts: Sequence[str], reference: Sequence[str]) -> list[int | None]:
        """For each text the position of the first reference text that it copies, None when there is none."""
        found = self.held_out(tokens_of(texts), tokens_of(reference))
        return [None if place < 0 else place for place in found.tolist()]

    def earlier(self, tokens: Tokens, answers: np.ndarray | None = None) -> np.ndarray:
        """`earlier_copies` of texts whose words are known, -1 for None.

        `answers` has a number for each text's answer, equal for equal ones, -1 where it is not known: a copy brings
        the answer of its original along, so that the same answer speaks for a copy and another one against it.
        """
        import numpy as np

        found = np.full(len(tokens), -1)
        for later, earlier in self._pairs(tokens, 0, answers):
            if found[later] < 0 and found[earlier] < 0:
                found[later] = earlier
        return found

    def held_out(self, tokens: Tokens, reference: Tokens) -> np.ndarray:
        """`copies_in` of texts whose words are known, -1 for None."""
        import numpy as np

        found = np.full(len(tokens), -1)
        for later, earlier in self._pairs(joined_tokens(reference, tokens), len(reference)):
            if found[later - len(reference)] < 0:
                found[later - len(reference)] = earlier
        return found

    def _pairs(self, raw: Tokens, across: int, answers: np.ndarray | None = None) -> list[tuple[int, int]]:
        """Pairs (later, earlier) of near copies, sorted; with `across` only from that number on with below it."""
        tokens = _comparable(raw)
        keys = keys_of(len(tokens.words))[tokens.ids]
        pairs = set(self._same_words(tokens, keys, across))
        pairs.update(self._edited(tokens, keys, across, raw, answers))
        if answers is not None and not self._task.labels:
            pairs.update(_spelt_alike(raw, answers))
        return sorted(pairs)

    def _same_words(self, tokens: Tokens, keys: np.ndarray, across: int) -> Iterator[tuple[int, int]]:
        import numpy as np

        if not len(keys):
            return
        bags = _sums(keys, tokens.starts)
        # Multiplied by powers of an odd number the sum depends on the order too.
        within = np.arange(len(keys)) - np.repeat(tokens.starts[:-1], tokens.lengths)
        powers = np.cumprod(np.full(int(within.max(initial=0)) + 1, 0x9E3779B97F4A7C15, dtype=np.uint64))
        in_order = _sums(keys * powers[within], tokens.starts)
        left, right = _by_key(bags, tokens.lengths >= FEWEST_IN_ORDER, across)
        for later, earlier in zip(right.tolist(), left.tolist(), strict=True):
            if in_order[later] == in_order[earlier] or self._turned(tokens.of(later), tokens.of(earlier)):
                yield later, earlier

    def _turned(self, one: list[str], other: list[str]) -> bool:
        # `please` at the other end is what clean rows differ in.
        one, other = ([word for word in words if word not in POLITE_WORDS] for words in (one, other))
        return min(len(one), len(other)) >= FEWEST_TURNED and one != other and reordered(one, other)

    def _edited(
        self, tokens: Tokens, keys: np.ndarray, across: int, raw: Tokens, answers: np.ndarray | None
    ) -> Iterator[tuple[int, int]]:
        import numpy as np

        hashes, owners = run_hashes(keys, tokens.starts)
        left, right, alone = rare_pairs(
            hashes, owners, across=across, shared_by=SHARED_ACROSS if across else SHARED
        )
        marks = _fingerprints(keys, tokens.starts)
        more, less = marks[left] & ~marks[right], marks[right] & ~marks[left]
        near = np.maximum(np.bitwise_count(more), np.bitwise_count(less)) <= BITS
        near |= ((more == 0) | (less == 0)) & (np.bitwise_count(more ^ less) <= CLAUSE_WORDS)
        spoken = self._spoken_for(answers, left, right)
        near &= alone >= (0.0 if across else np.where(spoken > 0, ALONE_AGREED, ALONE))
        near &= np.minimum(tokens.lengths[left], tokens.lengths[right]) >= FEWEST_WORDS
        runs_of = (alone + spoken + (HELD_OUT if across else 0.0))[near].tolist()
        found = zip(left[near].tolist(), right[near].tolist(), runs_of, strict=True)
        pairs = WordPairs(keys, tokens.starts)
        rare = {raw.words[place] for place in np.flatnonzero(raw.shown == 1).tolist()}
        for earlier, later, runs in found:
            one, other = tokens.of(later), tokens.of(earlier)
            needed = edited(one, other, self._light, (raw.of(later), raw.of(earlier)), rare)
            if needed is None:
                needed = with_clause(one, other, self._light)
            if needed is not None and (
                runs >= needed or runs + NEW * _new(pairs, tokens, keys, later, earlier) >= needed
            ):
                yield later, earlier

    def _spoken_for(self, answers: np.ndarray | None, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """What the answers of two texts say for a copy, in rare runs."""
        import numpy as np

        if answers is None:
            return np.zeros(len(left))
        one, other = answers[left], answers[right]
        known = (one >= 0) & (other >= 0)
        agreed = SAME_LABEL if self._task.labels else SAME_SENTENCE
        said: np.ndarray = np.where(known, np.where(one == other, agreed, OTHER_ANSWER), 0.0)
        return said


def _light_in_both(word: str) -> bool:
    return light(word, english=True) or light(word, english=False)


def _spelt_alike(raw: Tokens, answers: np.ndarray) -> Iterator[tuple[int, int]]:
    """Pairs (later, earlier) with the same answer, digits and, but for `LETTERS` characters, spelling."""
    import numpy as np

    for earlier, later in zip(*_by_key(answers.astype(np.int64), answers >= 0, 0), strict=True):
        one, other = ("".join(raw.of(int(place))) for place in (later, earlier))
        if min(len(one), len(other)) < FEWEST_LETTERS or one == other:
            continue
        same_digits = [c for c in one if c.isdigit()] == [c for c in other if c.isdigit()]
        if same_digits and distance_at_most(one, other, LETTERS):
            yield int(later), int(earlier)


def _new(pairs: WordPairs, tokens: Tokens, keys: np.ndarray, one: int, other: int) -> int:
    numbers = ((tokens.starts[text], tokens.starts[text + 1]) for text in (one, other))
    left, right = (keys[start:end].tolist() for start, end in numbers)
    return pairs.new_in(left, right)


def _comparable(raw: Tokens) -> Tokens:
    """The words that are compared: slips put right."""
    return replace(raw, ids=usual_words(raw.words, raw.shown)[raw.ids])


def _sums(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The sum (modulo 2^64) of the values of each text; 0 for one without words."""
    import numpy as np

    ends = np.concatenate([[np.uint64(0)], np.cumsum(values, dtype=np.uint64)])
    total: np.ndarray = ends[starts[1:]] - ends[starts[:-1]]
    return total


def _fingerprints(keys: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """One bit of 64 for each word of a text."""
    import numpy as np

    marks = np.zeros(len(starts) - 1, dtype=np.uint64)
    full = np.flatnonzero(np.diff(starts))
    if len(full):
        marks[full] = np.bitwise_or.reduceat(np.uint64(1) << (keys >> np.uint64(58)), starts[:-1][full])
    return marks


def _by_key(keys: np.ndarray, asked: np.ndarray, across: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (earlier, later) of texts with the same key: each with the first of them and the last few before it."""
    import numpy as np

    numbers = np.flatnonzero(asked)
    order = numbers[np.argsort(keys[numbers], kind="stable")]
    sorted_keys = keys[order]
    if not len(order):
        return order, order
    first = np.flatnonzero(np.concatenate([[True], sorted_keys[1:] != sorted_keys[:-1]]))
    group = np.cumsum(np.concatenate([[True], sorted_keys[1:] != sorted_keys[:-1]])) - 1
    left, right = [order[first[group]]], [order]
    for step in range(1, BY_KEY + 1):
        at = np.flatnonzero(group[step:] == group[:-step])
        left.append(order[at])
        right.append(order[at + step])
    lefts, rights = np.concatenate(left), np.concatenate(right)
    good = lefts < rights
    if across:
        good &= (lefts < across) & (rights >= across)
    return lefts[good], rights[good]
