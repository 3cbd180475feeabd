"""The error analysis of an evaluation: the mistakes that were most frequent, with their types and severities."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, Field

from veritrain_lib.metrics.mistakes import NONE

if TYPE_CHECKING:
    import pandas as pd

Severity = Literal["minor", "major", "critical"]

SEVERITIES: dict[str, Severity] = {"length": "minor", "wording": "minor", "answer": "critical"}
"""Of kinds of mistakes that a rule sees; any other, a wrong label too, is major. A judge says its own."""

TOP = 20


class TopError(BaseModel):
    """A mistake: what, in how many rows, how grave."""

    type: str
    count: int = Field(ge=0)
    severity: Severity


class ErrorAnalysis(BaseModel):
    """The most frequent mistakes, and how many there are of each type."""

    top_errors: list[TopError] = []
    error_type_distribution: dict[str, float] = {}


def analysis(tables: dict[str, pd.DataFrame]) -> ErrorAnalysis:
    """From the tables of an evaluation: what a judge marked (`mqm_details`) where it was asked, else `confusions`."""
    marked, confused = tables.get("mqm_details"), tables.get("confusions")
    if marked is not None and len(marked):
        errors = [
            TopError(type=one["type"], count=int(one["errors"]), severity=grave(one["severity"]))
            for one in marked.to_dict("records")
        ]
    else:
        rows: list[Any] = confused.to_dict("records") if confused is not None else []
        errors = [
            TopError(
                type=name_of(one["expected"], one["answered"]),
                count=int(one["count"]),
                severity=severity_of(one["expected"], one["answered"]),
            )
            for one in rows
        ]
    spread: Counter[str] = Counter()
    for error in errors:
        spread[error.type] += error.count
    return ErrorAnalysis(top_errors=errors[:TOP], error_type_distribution=dict(spread.most_common(100)))


def name_of(expected: str, answered: str) -> str:
    """A mistake's type: what was wanted, and what came."""
    return f"{expected} → {answered}"


def severity_of(expected: str, answered: str) -> Severity:
    """How grave a mistake is that a rule saw."""
    return "critical" if answered == NONE else SEVERITIES.get(expected, "major")


def grave(said: str) -> Severity:
    """A severity as a judge said it."""
    return said if said in ("minor", "major", "critical") else "major"  # type: ignore[return-value]
