"""Metric `term_accuracy` of translations: whether the translations of glossary terms occur in the answer."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from veritrain_lib.core.digest import of_json
from veritrain_lib.metrics.base import row_of
from veritrain_lib.metrics.count_based import CountMetric
from veritrain_lib.metrics.word_tokens import LANGUAGES_WITHOUT_SPACES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from veritrain_lib.core.task import Task


class TermAccuracy(CountMetric):
    """Metric: share, 0 to 1, of the glossary terms in the inputs whose translation occurs in the answer.

    A term counts once a row. It is searched in the first input field, which is the text to translate. Term and
    translation are matched ignoring case and width of letters, and terms in ASCII only as whole words (an ending `s` or
    `es` is allowed). For a row that is translated in the direction opposite to the glossary's, the glossary is read in
    reverse. A row without a term does not count; if no row has a term, the value is NaN.
    """

    name = "term_accuracy"
    scale = 1.0

    def signature(self) -> str:
        """Return what determines the term accuracy (name, version, digest of the glossary), as one line of text."""
        digest = of_json(self.task.glossary)[:12]
        return f"{self.name}|v{self.version}|target:{self.task.target.field}|glossary:{digest}|match:whole_words|no_answer:not_kept"

    def counts(self, reference: str, answer: str, language: str) -> list[float]:
        """Return how many required translations of terms occur in one row's answer, and how many are required."""
        required = required_terms(self.task, row_of(reference))
        return [float(sum(contains_term(term, answer) for term in required.values())), float(len(required))]

    def from_sums(self, sums: np.ndarray) -> float:
        """Return the share of required translations that occur, from summed counts; NaN if none is required."""
        return float(sums[0] / sums[1]) if sums[1] else float("nan")

    def key(self, reference: str) -> str:
        """Return the source text of a row, on which its required terms depend, as the cache key of its counts."""
        return source_text(self.task, row_of(reference))


def required_terms(task: Task, row: Mapping[str, str]) -> dict[str, str]:
    """Return the glossary terms in a row's source text, each with the translation that the answer must contain.

    A term inside a longer matching term is part of the longer one and not required separately. For a row that is
    translated in the direction opposite to the glossary's, the glossary is read in reverse.
    """
    pairs = task.glossary
    text = source_text(task, row)
    reversed_glossary = _is_reversed(task, row)
    matches = (
        {}
        if reversed_glossary
        else {term: translation for term, translation in pairs.items() if contains_term(term, text)}
    )
    if reversed_glossary or (reversed_glossary is None and not matches):
        matches = {
            translation: term for term, translation in pairs.items() if contains_term(translation, text)
        }
    return {
        term: translation
        for term, translation in matches.items()
        if not any(term != other and term in other for other in matches)
    }


def _is_reversed(task: Task, row: Mapping[str, str]) -> bool | None:
    """Return whether a row is translated in the direction opposite to the glossary's; None if it is unknown."""
    column = task.target.direction
    if column is None:
        return False
    source, target = task.languages_of(row.get(column))
    if source is None or target is None:
        return None
    declared = task.languages_of(None)
    if declared[0] is not None or declared[1] is not None:
        return source != declared[0] and target != declared[1]
    # Only the script shows the direction of the glossary.
    if (source in LANGUAGES_WITHOUT_SPACES) == (target in LANGUAGES_WITHOUT_SPACES):
        return None
    mostly_non_ascii = sum(not term.isascii() for term in task.glossary) * 2 > len(task.glossary)
    return mostly_non_ascii != (source in LANGUAGES_WITHOUT_SPACES)


def source_text(task: Task, row: Mapping[str, str]) -> str:
    """Return the text of a row that is to be translated: its first input field (the other input fields are context)."""
    return row[next(iter(task.inputs))]


def contains_term(term: str, text: str) -> bool:
    """Return whether a glossary term occurs in a text, ignoring case and width; ASCII terms only as whole words."""
    return _pattern(term).search(_folded(text)) is not None


@lru_cache(maxsize=10_000)
def _pattern(term: str) -> re.Pattern[str]:
    folded = _folded(term)
    pattern = re.escape(folded)
    if folded.isascii():
        pattern = rf"(?<![a-z0-9]){pattern}(?:s|es)?(?![a-z0-9])"
    return re.compile(pattern)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
