"""Error annotation by the judge: MQM, Multidimensional Quality Metrics.

Types and severities follow M. Freitag et al., "Experts, Errors, and Context" (TACL 2021), with fewer types.
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
class ErrorSpan:
    """One error in an answer.

    Attributes:
        span: The words that are wrong.
        kind: Its type, one of `KINDS`.
        severity: Its severity, one of `SEVERITIES`.
    """

    span: str
    kind: str
    severity: str


@dataclass(frozen=True)
class AnnotatedAnswer:
    """The errors of one answer.

    Attributes:
        marks: The errors; None when the judge failed.
        failed: Why the judge failed; empty otherwise.
    """

    marks: tuple[ErrorSpan, ...] | None
    failed: str = ""


def annotate_errors(judge: Judge, rows: Sequence[Row], answers: Sequence[str]) -> list[AnnotatedAnswer]:
    """Annotate the errors of each answer to its row."""
    questions = [
        prompts.marks(judge.task, judge.settings, row, answer, KINDS, SEVERITIES)
        for row, answer in zip(rows, answers, strict=True)
    ]
    return [_parse_reply(reply) for reply in judge.ask(questions)]


def _parse_reply(reply: Reply) -> AnnotatedAnswer:
    if not reply.texts:
        return AnnotatedAnswer(None, f"{reply.outcome}: {reply.reason}" if reply.reason else reply.outcome)
    try:
        content = json.loads(reply.texts[0])
        marks = tuple(
            ErrorSpan(storable(str(error["span"])), str(error["type"]), str(error["severity"]))
            for error in content["errors"]
        )
    except (ValueError, RecursionError, KeyError, TypeError):
        return AnnotatedAnswer(None, "invalid: the judge's answer has no list of errors")
    if any(error.kind not in KINDS or error.severity not in SEVERITIES for error in marks):
        return AnnotatedAnswer(None, "invalid: an error of no known type or severity")
    return AnnotatedAnswer(marks)
