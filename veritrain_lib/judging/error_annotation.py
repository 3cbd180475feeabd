"""Annotation of the errors in translations by an LLM judge, after MQM (Multidimensional Quality Metrics).

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
    """One error in a model's answer that the LLM judge marked.

    Attributes:
        span: The wrong words of the answer; for an omission the missing words of the input.
        kind: Type of the error, one of `KINDS`, such as `mistranslation`.
        severity: Severity of the error: `minor`, `major` or `critical`.
    """

    span: str
    kind: str
    severity: str


@dataclass(frozen=True)
class AnnotatedAnswer:
    """All errors that the LLM judge marked in one answer.

    Attributes:
        marks: The errors, empty if there are none; None if the judge failed.
        failed: Why the judge failed; empty otherwise.
    """

    marks: tuple[ErrorSpan, ...] | None
    failed: str = ""


def annotate_errors(judge: Judge, rows: Sequence[Row], answers: Sequence[str]) -> list[AnnotatedAnswer]:
    """Have the LLM judge mark the errors of each answer.

    Args:
        judge: The judge.
        rows: The input of each answer, by column name.
        answers: The answers to annotate, one a row.

    Returns:
        The marked errors of each answer, in the same order.
    """
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
