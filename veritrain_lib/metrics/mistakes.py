"""Which mistakes an answer makes, by rule: what was expected, and what came instead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from veritrain_lib.metrics.base import Reference, row_of
from veritrain_lib.metrics.number_accuracy import numbers
from veritrain_lib.metrics.rouge_l import rouge_l
from veritrain_lib.metrics.term_accuracy import demanded, stands_in
from veritrain_lib.metrics.word_tokens import BY_CHARACTER, language_of, plain_words

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task

Mistake = tuple[str, str]
"""What was expected, and what was answered instead."""

NONE = "(none)"
SHORT, LONG = 0.6, 1.7
"""An answer this many times as long as the reference, in characters, has lost or added something."""
FAR = 0.4
"""ROUGE-L below which the wording is far from the reference."""
RUN, REPEATED = 3, 3
"""A run of so many words that comes so often in one answer is a loop."""


def mistakes_of(task: Task, reference: str, response: Response) -> list[Mistake]:
    """The mistakes of one answer; none when it is the reference itself.

    With labels there is one: the right label and the wrong one. Of text each kind that a rule can see is said: no
    answer, left untranslated, a glossary term not kept, a number lost or invented, much too short or long, a loop,
    and, where none of these explains it, wording far from the reference.
    """
    answer = None if response.error is not None else response.best
    if answer == reference:
        return []
    if task.labels or not answer:
        return [(str(reference) if task.labels else "answer", answer or NONE)]
    found: list[Mistake] = []
    language = language_of(task, reference)
    if _untranslated(task, reference, answer, language):
        found.append(("translation", "left in the source language"))
    if isinstance(reference, Reference) and task.glossary:
        lost = [kept for kept in demanded(task, row_of(reference)).values() if not stands_in(kept, answer)]
        found += [("term", "not kept")] if lost else []
    if numbers(str(reference)) != numbers(answer):
        found.append(("number", "lost, wrong or invented"))
    length = len(answer) / max(len(reference), 1)
    if length < SHORT or length > LONG:
        found.append(("length", "much too short" if length < SHORT else "much too long"))
    if _loops(plain_words(answer, language)):
        found.append(("words", "repeated in a loop"))
    if not found and rouge_l(str(reference), answer, language) < FAR:
        found.append(("wording", "far from the reference"))
    return found


def confusions(task: Task, references: Sequence[str], responses: Sequence[Response]) -> pd.DataFrame:
    """Mistakes counted: expected, answered, count (rows); the most frequent first."""
    import pandas as pd

    made = Counter(
        mistake
        for wanted, response in zip(references, responses, strict=True)
        for mistake in set(mistakes_of(task, wanted, response))
    )
    lines = sorted(
        ((wanted, given, count) for (wanted, given), count in made.items()),
        key=lambda line: (-line[2], line[0], line[1]),
    )
    return pd.DataFrame(lines, columns=["expected", "answered", "count"]).astype({"count": int})


def _untranslated(task: Task, reference: str, answer: str, language: str) -> bool:
    if isinstance(reference, Reference):
        inputs = {reference.row[name].strip() for name in task.inputs} - {""}
        if answer.strip() in inputs and str(reference).strip() not in inputs:
            return True
    letters = [mark for mark in answer if mark.isalpha()]
    dense = sum("\u3040" <= mark <= "\u30ff" or "\u4e00" <= mark <= "\u9fff" for mark in letters)
    if not letters:
        return False
    return dense == 0 if language in BY_CHARACTER else dense * 2 > len(letters)


def _loops(words: Sequence[str]) -> bool:
    runs = Counter(tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1))
    return bool(runs) and max(runs.values()) >= REPEATED
