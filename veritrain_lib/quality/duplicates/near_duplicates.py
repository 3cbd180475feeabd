"""Search for near duplicates: messages that differ in a typo or a word that does not change the meaning.

Token overlap alone would flag most templated but distinct requests (Jaccard >= 0.8 flags two thirds of 5,000 of them),
because they differ in a single slot value. So a content word may never be replaced by another one, tokens with
digits must be equal, and words may be added, lost or changed only if the two texts share something that is rare among
all texts. Each step is one or two sorts over all words, so time grows as n log n:

1. Courtesy is left out (`function_words`), and typos are corrected (`typos`).
2. Texts with the same words in any order are found by a key that adds up the words' numbers (`edit_match.reordered`).
3. Texts with words added, lost or changed: pairs that share a rare shingle (a run of words, `shingles`) and whose
   fingerprints of 64 bits differ little are compared word by word (`edit_match.edited`, `.with_clause`). A copy carries
   the answer of its original, so another answer is evidence against a copy and the same sentence is evidence for one.
4. Texts with the same sentence as answer whose spelling differs by a character or two.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from veritrain_lib.quality.duplicates.edit_match import CLAUSE_WORDS, NEW, edited, reordered, with_clause
from veritrain_lib.quality.duplicates.function_words import POLITE_WORDS
from veritrain_lib.quality.duplicates.novel_bigrams import BigramIndex
from veritrain_lib.quality.duplicates.typos import canonical_words, edit_distance_at_most
from veritrain_lib.quality.shingles import rare_shingle_pairs, shingle_hashes
from veritrain_lib.quality.text.tokens import (
    Tokens,
    concatenated_tokens,
    is_function_word,
    tokens_of,
    word_keys,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

    from veritrain_lib.core.task import Task

FEWEST_IN_ORDER = 3  # words of a text below which it has no near duplicate
FEWEST_WORDS = 4  # words of a text below which no word may be added, lost or changed
FEWEST_REORDERED = 5  # words, without polite ones, below which another order is another message
BY_KEY = 3  # earlier texts with the same words that a text is compared with, in addition to the first of them
BITS = 4  # of 64 fingerprint bits that only one of two texts may have, so that they are compared
SHARED, SHARED_ACROSS = 8, 20  # texts that may share a shingle: in the same data; in rows and held-out rows
EXCLUSIVE_SHINGLES = (
    0.5  # shingles that two texts of the same data must have to themselves (`shingles.rare_shingle_pairs`)
)
# Evidence for or against a copy beside the words themselves, in rare shingles. Fitted on planted copies in, and clean rows
# of, CLINC150 and Tanaka (`make bench-gate`): a sentence as answer is hardly met twice, a label by all of an intent.
EXCLUSIVE_SHINGLES_SAME_ANSWER = 0.2  # the same for two texts with the same sentence as answer
SAME_SENTENCE, SAME_LABEL, OTHER_ANSWER, HELD_OUT = 1.8, -0.6, -3.0, -0.3
LETTERS = 2  # characters in which the spelling of two texts with the same sentence as answer may differ
FEWEST_LETTERS = 6  # characters that such a text needs


class NearDuplicateMatcher:
    """Search for near duplicates among the inputs of a task's rows.

    Args:
        task: The task; the declared languages of its inputs decide what counts as a function word.
    """

    def __init__(self, task: Task) -> None:
        english = {field.language for field in task.inputs.values()} <= {"en", None}
        # Rows of both directions: a function word of either language counts as one.
        both = task.target.direction is not None
        self._is_function_word = (
            _is_function_word_in_either if both else partial(is_function_word, english=english)
        )
        self._task = task

    def duplicates_of_earlier(self, texts: Sequence[str]) -> list[int | None]:
        """Return for each text the earlier text that it nearly repeats.

        A text is only compared with texts that are not duplicates themselves.

        Args:
            texts: The texts.

        Returns:
            For each text the position of the first earlier text that it duplicates; None if there is none.
        """
        return [None if position < 0 else position for position in self.earlier(tokens_of(texts)).tolist()]

    def duplicates_of_reference(self, texts: Sequence[str], reference: Sequence[str]) -> list[int | None]:
        """Return for each text the reference text that it nearly repeats.

        Args:
            texts: The texts.
            reference: The reference texts.

        Returns:
            For each text the position of the first reference text that it duplicates; None if there is none.
        """
        originals = self.held_out(tokens_of(texts), tokens_of(reference))
        return [None if position < 0 else position for position in originals.tolist()]

    def earlier(self, tokens: Tokens, answers: np.ndarray | None = None) -> np.ndarray:
        """Return for each tokenized text the earlier text that it nearly repeats.

        Args:
            tokens: Tokens of the texts.
            answers: A number for each text's answer, equal for equal answers, -1 if it is missing; None: answers are
                not compared. The same answer is evidence for a copy, another one evidence against it.

        Returns:
            For each text the position of the first earlier text that it duplicates, -1 for none; shape (texts,).
        """
        import numpy as np

        originals = np.full(len(tokens), -1)
        for later, earlier in self._pairs(tokens, 0, answers):
            if originals[later] < 0 and originals[earlier] < 0:
                originals[later] = earlier
        return originals

    def held_out(self, tokens: Tokens, reference: Tokens) -> np.ndarray:
        """Return for each tokenized text the reference text that it nearly repeats.

        Args:
            tokens: Tokens of the texts.
            reference: Tokens of the reference texts.

        Returns:
            For each text the position of the first reference text that it duplicates, -1 for none; shape (texts,).
        """
        import numpy as np

        originals = np.full(len(tokens), -1)
        for later, earlier in self._pairs(concatenated_tokens(reference, tokens), len(reference)):
            if originals[later - len(reference)] < 0:
                originals[later - len(reference)] = earlier
        return originals

    def _pairs(self, raw: Tokens, across: int, answers: np.ndarray | None = None) -> list[tuple[int, int]]:
        """Return the pairs of near duplicates as sorted positions (later, earlier).

        Args:
            raw: Tokens of the texts as they are written.
            across: If above 0, only pairs of one text before this position and one from it on are returned.
            answers: A number for each text's answer, -1 if it is missing; None: answers are not compared.
        """
        tokens = _with_typos_corrected(raw)
        keys = word_keys(len(tokens.words))[tokens.ids]
        pairs = set(self._same_word_pairs(tokens, keys, across))
        pairs.update(self._edited_pairs(tokens, keys, across, raw, answers))
        if answers is not None and not self._task.labels:
            pairs.update(_similarly_spelt_pairs(raw, answers))
        return sorted(pairs)

    def _same_word_pairs(self, tokens: Tokens, keys: np.ndarray, across: int) -> Iterator[tuple[int, int]]:
        import numpy as np

        if not len(keys):
            return
        bags = _sums(keys, tokens.starts)
        # Multiplied by powers of an odd number, the sum depends on the order too.
        within = np.arange(len(keys)) - np.repeat(tokens.starts[:-1], tokens.lengths)
        powers = np.cumprod(np.full(int(within.max(initial=0)) + 1, 0x9E3779B97F4A7C15, dtype=np.uint64))
        in_order = _sums(keys * powers[within], tokens.starts)
        left, right = _pairs_by_key(bags, tokens.lengths >= FEWEST_IN_ORDER, across)
        for later, earlier in zip(right.tolist(), left.tolist(), strict=True):
            if in_order[later] == in_order[earlier] or self._is_reordered(
                tokens.of(later), tokens.of(earlier)
            ):
                yield later, earlier

    def _is_reordered(self, one: list[str], other: list[str]) -> bool:
        # Clean rows often differ only in the position of `please`.
        one, other = ([word for word in words if word not in POLITE_WORDS] for words in (one, other))
        return min(len(one), len(other)) >= FEWEST_REORDERED and one != other and reordered(one, other)

    def _edited_pairs(
        self, tokens: Tokens, keys: np.ndarray, across: int, raw: Tokens, answers: np.ndarray | None
    ) -> Iterator[tuple[int, int]]:
        import numpy as np

        hashes, text_indices = shingle_hashes(keys, tokens.starts)
        left, right, exclusive_shingles = rare_shingle_pairs(
            hashes, text_indices, across=across, shared_by=SHARED_ACROSS if across else SHARED
        )
        fingerprints = _fingerprints(keys, tokens.starts)
        only_left, only_right = (
            fingerprints[left] & ~fingerprints[right],
            fingerprints[right] & ~fingerprints[left],
        )
        candidates = np.maximum(np.bitwise_count(only_left), np.bitwise_count(only_right)) <= BITS
        candidates |= ((only_left == 0) | (only_right == 0)) & (
            np.bitwise_count(only_left ^ only_right) <= CLAUSE_WORDS
        )
        answer_evidence = self._answer_evidence(answers, left, right)
        candidates &= exclusive_shingles >= (
            0.0
            if across
            else np.where(answer_evidence > 0, EXCLUSIVE_SHINGLES_SAME_ANSWER, EXCLUSIVE_SHINGLES)
        )
        candidates &= np.minimum(tokens.lengths[left], tokens.lengths[right]) >= FEWEST_WORDS
        evidence_of = (exclusive_shingles + answer_evidence + (HELD_OUT if across else 0.0))[
            candidates
        ].tolist()
        candidate_pairs = zip(left[candidates].tolist(), right[candidates].tolist(), evidence_of, strict=True)
        bigrams = BigramIndex(keys, tokens.starts)
        rare = {raw.words[word_id] for word_id in np.flatnonzero(raw.document_frequency == 1).tolist()}
        for earlier, later, evidence in candidate_pairs:
            one, other = tokens.of(later), tokens.of(earlier)
            needed = edited(one, other, self._is_function_word, (raw.of(later), raw.of(earlier)), rare)
            if needed is None:
                needed = with_clause(one, other, self._is_function_word)
            if needed is not None and (
                evidence >= needed
                or evidence + NEW * _count_novel_bigrams(bigrams, tokens, keys, later, earlier) >= needed
            ):
                yield later, earlier

    def _answer_evidence(self, answers: np.ndarray | None, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Return the evidence for a copy that two texts' answers give, as a number of rare shingles.

        A negative number is evidence against a copy.

        Args:
            answers: A number for each text's answer, -1 if it is missing; None: there is no evidence (0).
            left: Positions of the first text of each pair.
            right: Positions of the second text of each pair.
        """
        import numpy as np

        if answers is None:
            return np.zeros(len(left))
        left_answers, right_answers = answers[left], answers[right]
        known = (left_answers >= 0) & (right_answers >= 0)
        agreed = SAME_LABEL if self._task.labels else SAME_SENTENCE
        evidence: np.ndarray = np.where(
            known, np.where(left_answers == right_answers, agreed, OTHER_ANSWER), 0.0
        )
        return evidence


def _is_function_word_in_either(word: str) -> bool:
    return is_function_word(word, english=True) or is_function_word(word, english=False)


def _similarly_spelt_pairs(raw: Tokens, answers: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield pairs (later, earlier) of texts with the same answer, the same digits and nearly the same spelling."""
    import numpy as np

    for earlier, later in zip(*_pairs_by_key(answers.astype(np.int64), answers >= 0, 0), strict=True):
        one, other = ("".join(raw.of(int(position))) for position in (later, earlier))
        if min(len(one), len(other)) < FEWEST_LETTERS or one == other:
            continue
        same_digits = [c for c in one if c.isdigit()] == [c for c in other if c.isdigit()]
        if same_digits and edit_distance_at_most(one, other, LETTERS):
            yield int(later), int(earlier)


def _count_novel_bigrams(pairs: BigramIndex, tokens: Tokens, keys: np.ndarray, one: int, other: int) -> int:
    spans = ((tokens.starts[text], tokens.starts[text + 1]) for text in (one, other))
    left, right = (keys[start:end].tolist() for start, end in spans)
    return pairs.count_novel(left, right)


def _with_typos_corrected(raw: Tokens) -> Tokens:
    """Return the tokens of texts with typos replaced by the usual words."""
    return replace(raw, ids=canonical_words(raw.words, raw.document_frequency)[raw.ids])


def _sums(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Return the sum (modulo 2^64) of the values of each text; 0 for a text without words."""
    import numpy as np

    ends = np.concatenate([[np.uint64(0)], np.cumsum(values, dtype=np.uint64)])
    total: np.ndarray = ends[starts[1:]] - ends[starts[:-1]]
    return total


def _fingerprints(keys: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Return a fingerprint of 64 bits for each text, in which each word sets one bit."""
    import numpy as np

    fingerprints = np.zeros(len(starts) - 1, dtype=np.uint64)
    non_empty = np.flatnonzero(np.diff(starts))
    if len(non_empty):
        fingerprints[non_empty] = np.bitwise_or.reduceat(
            np.uint64(1) << (keys >> np.uint64(58)), starts[:-1][non_empty]
        )
    return fingerprints


def _pairs_by_key(keys: np.ndarray, mask: np.ndarray, across: int) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs (earlier, later) of texts with the same key.

    Each text is paired with the first text of its key and with the last three before it.

    Args:
        keys: A key for each text.
        mask: Whether each text takes part.
        across: If above 0, only pairs of one text before this position and one from it on are returned.
    """
    import numpy as np

    numbers = np.flatnonzero(mask)
    order = numbers[np.argsort(keys[numbers], kind="stable")]
    sorted_keys = keys[order]
    if not len(order):
        return order, order
    first = np.flatnonzero(np.concatenate([[True], sorted_keys[1:] != sorted_keys[:-1]]))
    group = np.cumsum(np.concatenate([[True], sorted_keys[1:] != sorted_keys[:-1]])) - 1
    left, right = [order[first[group]]], [order]
    for step in range(1, BY_KEY + 1):
        positions = np.flatnonzero(group[step:] == group[:-step])
        left.append(order[positions])
        right.append(order[positions + step])
    lefts, rights = np.concatenate(left), np.concatenate(right)
    valid = lefts < rights
    if across:
        valid &= (lefts < across) & (rights >= across)
    return lefts[valid], rights[valid]
