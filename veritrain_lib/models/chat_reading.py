"""Functions that parse the text of a chat model's answer into candidates and an explanation.

An answer that violates the output contract (the task's JSON Schema) is parsed as far as possible.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.records import Candidate
from veritrain_lib.llm.answers import storable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from veritrain_lib.core.task import Task

LARGEST_SCORE = 1e300


@dataclass(frozen=True)
class ParsedAnswer:
    """Candidates and explanation that were found in the text of a chat model's answer.

    Attributes:
        candidates: the candidates, best first; empty when the text contains nothing usable.
        explanation: the model's explanation; None if it gave none.
    """

    candidates: tuple[Candidate, ...] = ()
    explanation: str | None = None


def parse_answer(text: str, task: Task) -> ParsedAnswer:
    """Parse the text of a chat model's answer into candidates and an explanation.

    The answer is read from the key that is named like the task's target field, or else from `label`. It
    becomes the first candidate, whatever order the list `candidates` has. The other candidates follow by
    score, or in the listed order if a score is missing. Text that is not JSON gives an empty result, because
    guessing an answer would hide that the output contract was violated.

    Args:
        text: the text of the answer.
        task: the task that was answered.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return ParsedAnswer()
    if isinstance(content, str):
        return ParsedAnswer((Candidate(storable(content)),))
    if not isinstance(content, dict):
        return ParsedAnswer()
    key = task.target.field if task.target.field in content else "label"
    listed = content.get("candidates")
    parsed = [_candidate(candidate, key) for candidate in listed] if isinstance(listed, list) else []
    candidates = [candidate for candidate in parsed if candidate is not None]
    if all(candidate.score is not None for candidate in candidates):
        candidates.sort(key=lambda candidate: -(candidate.score or 0.0))
    stated = content.get(key)
    if isinstance(stated, str) and stated:
        stated = storable(stated)
        score = next((candidate.score for candidate in candidates if candidate.text == stated), None)
        candidates.insert(0, Candidate(stated, score))
    explanation = content.get("explanation")
    return ParsedAnswer(
        _distinct(candidates), storable(explanation) if isinstance(explanation, str) else None
    )


def merge(answers: Sequence[ParsedAnswer]) -> ParsedAnswer:
    """Merge several parsed answers of a chat model to the same row into one.

    All distinct candidates are kept in order. The explanation is the first one of an answer that has
    candidates.
    """
    explanation = next(
        (answer.explanation for answer in answers if answer.candidates and answer.explanation), None
    )
    return ParsedAnswer(
        _distinct([candidate for answer in answers for candidate in answer.candidates]), explanation
    )


def _candidate(item: Any, key: str) -> Candidate | None:
    if isinstance(item, str):
        return Candidate(storable(item)) if item else None
    if not isinstance(item, dict):
        return None
    text = item.get(key, item.get("label"))
    score = item.get("score")
    if not isinstance(text, str) or not text:
        return None
    text = storable(text)
    # The bound passes over NaN, infinity and whole numbers that no float can hold.
    if isinstance(score, int | float) and not isinstance(score, bool) and abs(score) <= LARGEST_SCORE:
        return Candidate(text, float(score))
    return Candidate(text)


def _distinct(candidates: list[Candidate]) -> tuple[Candidate, ...]:
    first: dict[str, Candidate] = {}
    for candidate in candidates:
        first.setdefault(candidate.text, candidate)
    return tuple(first.values())
