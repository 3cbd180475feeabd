"""A chat model's text as candidates and an explanation; a broken answer is read as far as it can be."""

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
class Reading:
    """What one text says: candidates, best first (none when it says nothing usable), and the explanation."""

    candidates: tuple[Candidate, ...] = ()
    explanation: str | None = None


def read_text(text: str, task: Task) -> Reading:
    """Read one answer.

    The key of the answer is the task's target field, else `label`. The stated answer comes first whatever the
    list of candidates says; the others follow by score, or as they were listed where a score is missing. Text
    that is no JSON says nothing: guessing at it would hide that the contract was broken.
    """
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return Reading()
    if isinstance(said, str):
        return Reading((Candidate(storable(said)),))
    if not isinstance(said, dict):
        return Reading()
    key = task.target.field if task.target.field in said else "label"
    listed = said.get("candidates")
    found = [_candidate(one, key) for one in listed] if isinstance(listed, list) else []
    known = [one for one in found if one is not None]
    if all(one.score is not None for one in known):
        known.sort(key=lambda one: -(one.score or 0.0))
    stated = said.get(key)
    if isinstance(stated, str) and stated:
        stated = storable(stated)
        score = next((one.score for one in known if one.text == stated), None)
        known.insert(0, Candidate(stated, score))
    explanation = said.get("explanation")
    return Reading(_distinct(known), storable(explanation) if isinstance(explanation, str) else None)


def merge(readings: Sequence[Reading]) -> Reading:
    """Several texts for one question as one: the first that says anything leads, then what is new in the rest."""
    explanation = next((one.explanation for one in readings if one.candidates and one.explanation), None)
    return Reading(_distinct([each for one in readings for each in one.candidates]), explanation)


def _candidate(said: Any, key: str) -> Candidate | None:
    if isinstance(said, str):
        return Candidate(storable(said)) if said else None
    if not isinstance(said, dict):
        return None
    text = said.get(key, said.get("label"))
    score = said.get("score")
    if not isinstance(text, str) or not text:
        return None
    text = storable(text)
    # The bound passes over NaN, infinity and whole numbers that no float can hold.
    if isinstance(score, int | float) and not isinstance(score, bool) and abs(score) <= LARGEST_SCORE:
        return Candidate(text, float(score))
    return Candidate(text)


def _distinct(candidates: list[Candidate]) -> tuple[Candidate, ...]:
    first: dict[str, Candidate] = {}
    for one in candidates:
        first.setdefault(one.text, one)
    return tuple(first.values())
