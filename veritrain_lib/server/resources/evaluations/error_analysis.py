"""Error analysis of an evaluation: the most frequent mistakes of the model, each with a type and a severity."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from veritrain_lib.metrics.mistakes import NO_ANSWER
from veritrain_lib.server.resources.evaluations.schemas import ErrorAnalysis, Severity, TopError

if TYPE_CHECKING:
    import pandas as pd

SEVERITIES: dict[str, Severity] = {"length": "minor", "wording": "minor", "answer": "critical"}
"""Severity of the mistakes in texts that are found without a judge, by kind; any other mistake is `major`.

Errors that an LLM judge annotated have the severity that the judge gave.
"""

MAX_TOP_ERRORS = 20
"""Maximum number of kinds of mistakes that are listed."""


def error_analysis(tables: dict[str, pd.DataFrame]) -> ErrorAnalysis:
    """Return the most frequent mistakes of an evaluated model.

    Args:
        tables: Tables of the evaluation. The errors that an LLM judge annotated (`mqm_details`) are used if there are
            any, otherwise the pairs of expected and actual answers (`confusions`).
    """
    judge_errors, confusions = tables.get("mqm_details"), tables.get("confusions")
    if judge_errors is not None and len(judge_errors):
        errors = [
            TopError(type=row["type"], count=int(row["errors"]), severity=judge_severity(row["severity"]))
            for row in judge_errors.to_dict("records")
        ]
    else:
        rows: list[Any] = confusions.to_dict("records") if confusions is not None else []
        errors = [
            TopError(
                type=mistake_type(row["expected"], row["answered"]),
                count=int(row["count"]),
                severity=mistake_severity(row["expected"], row["answered"]),
            )
            for row in rows
        ]
    counts: Counter[str] = Counter()
    for error in errors:
        counts[error.type] += error.count
    return ErrorAnalysis(
        top_errors=errors[:MAX_TOP_ERRORS], error_type_distribution=dict(counts.most_common(100))
    )


def mistake_type(expected: str, answered: str) -> str:
    """Return the type of a mistake as text: `EXPECTED → ANSWERED`."""
    return f"{expected} → {answered}"


def mistake_severity(expected: str, answered: str) -> Severity:
    """Return the severity of a mistake that was found without a judge.

    It is `critical` for a missing answer, otherwise the one in `SEVERITIES`, which is `major` by default.

    Args:
        expected: Expected answer, or the kind of mistake in a text, such as `length`.
        answered: The model's answer.
    """
    return "critical" if answered == NO_ANSWER else SEVERITIES.get(expected, "major")


def judge_severity(severity: str) -> Severity:
    """Return the severity of an error as an LLM judge wrote it; `major` if the judge wrote another word."""
    return severity if severity in ("minor", "major", "critical") else "major"  # type: ignore[return-value]
