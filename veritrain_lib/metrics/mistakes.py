"""Rule-based classification of the mistakes in a model's answers, for the error analysis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from veritrain_lib.metrics.base import Reference, row_of
from veritrain_lib.metrics.number_accuracy import numbers
from veritrain_lib.metrics.rouge_l import rouge_l
from veritrain_lib.metrics.term_accuracy import contains_term, required_terms
from veritrain_lib.metrics.word_tokens import LANGUAGES_WITHOUT_SPACES, language_of, rouge_tokens

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task

Mistake = tuple[str, str]
"""One mistake as two texts: the expected label and the answered one, or for free text the kind of the mistake.

For example ("billing", "access") for labels, and ("number", "lost, wrong or invented") for free text.
"""

NO_ANSWER = "(none)"
MIN_LENGTH_RATIO, MAX_LENGTH_RATIO = 0.6, 1.7
"""Smallest and largest ratio of answer length to reference length, in characters, that is not a mistake."""
MIN_ROUGE_L = 0.4
"""Smallest ROUGE-L score, 0..1, of an answer whose wording is not a mistake."""
LOOP_WORDS, LOOP_REPEATS = 3, 3
"""Length in words of a repeated run, and smallest number of its occurrences for an answer to be called repetitive."""


def mistakes_of(task: Task, reference: str, response: Response) -> list[Mistake]:
    """Return the mistakes in one of a model's answers; empty if it equals the reference.

    With labels there is one mistake: the right label and the wrong one. For free text every kind that a rule can detect
    is listed: no answer, left untranslated, a glossary term not kept, a number lost or invented, much too short or
    long, repeated in a loop, and, if none of these applies, wording far from the reference.

    Args:
        task: the task.
        reference: the reference answer, with its row attached (`Reference`) where terms and inputs are to be checked.
        response: the model's response.
    """
    answer = None if response.error is not None else response.best
    if answer == reference:
        return []
    if task.labels or not answer:
        return [(str(reference) if task.labels else "answer", answer or NO_ANSWER)]
    mistakes: list[Mistake] = []
    language = language_of(task, reference)
    if _untranslated(task, reference, answer, language):
        mistakes.append(("translation", "left in the source language"))
    if isinstance(reference, Reference) and task.glossary:
        lost = [
            translation
            for translation in required_terms(task, row_of(reference)).values()
            if not contains_term(translation, answer)
        ]
        mistakes += [("term", "not kept")] if lost else []
    if numbers(str(reference)) != numbers(answer):
        mistakes.append(("number", "lost, wrong or invented"))
    length = len(answer) / max(len(reference), 1)
    if length < MIN_LENGTH_RATIO or length > MAX_LENGTH_RATIO:
        mistakes.append(("length", "much too short" if length < MIN_LENGTH_RATIO else "much too long"))
    if _is_repetitive(rouge_tokens(answer, language)):
        mistakes.append(("words", "repeated in a loop"))
    if not mistakes and rouge_l(str(reference), answer, language) < MIN_ROUGE_L:
        mistakes.append(("wording", "far from the reference"))
    return mistakes


def confusions(task: Task, references: Sequence[str], responses: Sequence[Response]) -> pd.DataFrame:
    """Count the mistakes in a model's answers.

    Args:
        task: the task.
        references: the reference answer of each row.
        responses: the model's response to each row, in the same order.

    Returns:
        A table with the columns expected, answered and count (number of rows), the most frequent mistake first.
    """
    import pandas as pd

    counts = Counter(
        mistake
        for expected, response in zip(references, responses, strict=True)
        for mistake in set(mistakes_of(task, expected, response))
    )
    lines = sorted(
        ((expected, answered, count) for (expected, answered), count in counts.items()),
        key=lambda line: (-line[2], line[0], line[1]),
    )
    return pd.DataFrame(lines, columns=["expected", "answered", "count"]).astype({"count": int})


def _untranslated(task: Task, reference: str, answer: str, language: str) -> bool:
    if isinstance(reference, Reference):
        inputs = {reference.row[name].strip() for name in task.inputs} - {""}
        if answer.strip() in inputs and str(reference).strip() not in inputs:
            return True
    letters = [character for character in answer if character.isalpha()]
    n_cjk = sum(
        "\u3040" <= character <= "\u30ff" or "\u4e00" <= character <= "\u9fff" for character in letters
    )
    if not letters:
        return False
    return n_cjk == 0 if language in LANGUAGES_WITHOUT_SPACES else n_cjk * 2 > len(letters)


def _is_repetitive(words: Sequence[str]) -> bool:
    runs = Counter(tuple(words[start : start + LOOP_WORDS]) for start in range(len(words) - LOOP_WORDS + 1))
    return bool(runs) and max(runs.values()) >= LOOP_REPEATS
