"""Are the terms of the glossary kept?"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from veritrain_lib.core.digest import of_json
from veritrain_lib.metrics.base import row_of
from veritrain_lib.metrics.count_based import Counted
from veritrain_lib.metrics.word_tokens import BY_CHARACTER

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from veritrain_lib.core.task import Task


class TermAccuracy(Counted):
    """Share, 0 to 1, of the glossary terms in the inputs whose translation stands in the answer.

    A term counts once a row. It is looked for in the first input field, which is what is translated; both it and its translation are matched as
    they are written but for case and width of letters, and in a script with spaces only as whole words (an ending
    `s` or `es` is allowed). Where the row's direction turns the glossary round, so does the metric. A row without
    a term counts nothing; without any term at all nothing is measured.
    """

    name = "term_accuracy"
    scale = 1.0

    def signature(self) -> str:
        """What made the number."""
        digest = of_json(self.task.glossary)[:12]
        return f"{self.name}|v{self.version}|target:{self.task.target.field}|glossary:{digest}|match:whole_words|no_answer:not_kept"

    def counts(self, reference: str, answer: str, language: str) -> list[float]:
        """Terms kept and terms to be kept."""
        wanted = demanded(self.task, row_of(reference))
        return [float(sum(stands_in(term, answer) for term in wanted.values())), float(len(wanted))]

    def from_sums(self, sums: np.ndarray) -> float:
        """Kept over demanded."""
        return float(sums[0] / sums[1]) if sums[1] else float("nan")

    def key(self, reference: str) -> str:
        """What is translated says which terms are to be kept."""
        return asked_of(self.task, row_of(reference))


def demanded(task: Task, row: Mapping[str, str]) -> dict[str, str]:
    """The glossary's terms that stand in what is translated, each with what must stand in the answer.

    A term inside a longer one that stands there too is part of that one and demands nothing of its own.
    """
    pairs = task.glossary
    text = asked_of(task, row)
    turned = _turned(task, row)
    found = {} if turned else {term: kept for term, kept in pairs.items() if stands_in(term, text)}
    if turned or (turned is None and not found):
        found = {kept: term for term, kept in pairs.items() if stands_in(kept, text)}
    return {
        term: kept
        for term, kept in found.items()
        if not any(term != other and term in other for other in found)
    }


def _turned(task: Task, row: Mapping[str, str]) -> bool | None:
    """Whether a row's direction turns the glossary round; None where it does not say."""
    column = task.target.direction
    if column is None:
        return False
    source, target = task.languages_of(row.get(column))
    if source is None or target is None:
        return None
    declared = task.languages_of(None)
    if declared[0] is not None or declared[1] is not None:
        return source != declared[0] and target != declared[1]
    # Nothing says which way the glossary goes but its script.
    if (source in BY_CHARACTER) == (target in BY_CHARACTER):
        return None
    dense = sum(not term.isascii() for term in task.glossary) * 2 > len(task.glossary)
    return dense != (source in BY_CHARACTER)


def asked_of(task: Task, row: Mapping[str, str]) -> str:
    """What is translated: the first input; the others only tell about it."""
    return row[next(iter(task.inputs))]


def stands_in(term: str, text: str) -> bool:
    """Whether a term stands in a text, as the metric matches it."""
    return _pattern(term).search(_folded(text)) is not None


@lru_cache(maxsize=10_000)
def _pattern(term: str) -> re.Pattern[str]:
    folded = _folded(term)
    written = re.escape(folded)
    if folded.isascii():
        written = rf"(?<![a-z0-9]){written}(?:s|es)?(?![a-z0-9])"
    return re.compile(written)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
