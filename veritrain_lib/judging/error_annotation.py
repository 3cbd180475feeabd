"""The judge marks the errors of an answer: MQM, Multidimensional Quality Metrics.

Types and severities after M. Freitag et al., "Experts, Errors, and Context" (TACL 2021), with fewer types.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from veritrain_lib.judging import prompts
from veritrain_lib.llm.answers import storable

if TYPE_CHECKING:
    from veritrain_lib.judging.judge import Judge, Row
    from veritrain_lib.llm.records import Reply

KINDS = (
    "mistranslation",
    "omission",
    "addition",
    "untranslated",
    "terminology",
    "number or name",
    "grammar",
    "register",
    "awkward wording",
    "punctuation or spelling",
    "non-translation",
)
SEVERITIES = ("minor", "major", "critical")


@dataclass(frozen=True)
class Mark:
    """One error: the words, its type (of `KINDS`) and its severity (of `SEVERITIES`)."""

    span: str
    kind: str
    severity: str


@dataclass(frozen=True)
class Marked:
    """The errors of one answer; None when the judge failed, and then `failed` says why."""

    marks: tuple[Mark, ...] | None
    failed: str = ""


def mark_errors(judge: Judge, rows: Sequence[Row], answers: Sequence[str]) -> list[Marked]:
    """The errors of each answer to its row."""
    asked = [
        prompts.marks(judge.task, judge.settings, row, answer, KINDS, SEVERITIES)
        for row, answer in zip(rows, answers, strict=True)
    ]
    return [_marked(reply) for reply in judge.ask(asked)]


def _marked(reply: Reply) -> Marked:
    if not reply.texts:
        return Marked(None, f"{reply.outcome}: {reply.reason}" if reply.reason else reply.outcome)
    try:
        said = json.loads(reply.texts[0])
        marks = tuple(
            Mark(storable(str(one["span"])), str(one["type"]), str(one["severity"])) for one in said["errors"]
        )
    except (ValueError, RecursionError, KeyError, TypeError):
        return Marked(None, "invalid: the judge's answer has no list of errors")
    if any(one.kind not in KINDS or one.severity not in SEVERITIES for one in marks):
        return Marked(None, "invalid: an error of no known type or severity")
    return Marked(marks)
