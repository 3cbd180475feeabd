"""A question asked again, in the same words or others, and what held of the answer: one evidence row each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from veritrain_lib.stages.probing.rate import rate

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.probing.extra_questions import Asking
    from veritrain_lib.stages.result import Measure

COLUMNS = ("measure", "id", "input", "first_answer", "answer", "planted", "held", "error")

Held = Callable[["Response", "Response", str], bool]
"""First response, the new one and the planted label ("" for none) in; whether what is measured held."""


@dataclass(frozen=True)
class Again:
    """A rate and the rows behind it. The measure is None when nothing was asked."""

    measure: Measure | None
    evidence: list[dict[str, Any]]


def same(first: Response, second: Response, _: str = "") -> bool:
    """Whether both have the same best answer; a response that failed is the same as nothing."""
    failed = first.error is not None or second.error is not None
    return not failed and first.best is not None and first.best == second.best


def ask_again(
    asking: Asking,
    task: Task,
    name: str,
    rows: pd.DataFrame,
    first: Mapping[Any, Response],
    held: Held = same,
    *,
    sample: int = 0,
    planted: Sequence[str] = (),
) -> Again:
    """Ask rows and compare with the first responses, which are keyed by the rows' index.

    A row that the model fails on, now or the first time, stays in the denominator.
    """
    responses = asking.ask(name, rows, sample)
    if responses is None:
        return Again(None, [])
    labels = list(planted) or [""] * len(rows)
    texts = [
        "\n".join(map(str, fields)) for fields in zip(*(rows[name] for name in task.inputs), strict=True)
    ]
    evidence = [
        {
            "measure": name,
            "id": row,
            "input": text,
            "first_answer": first[at].best or "",
            "answer": response.best or "",
            "planted": label,
            "held": held(first[at], response, label),
            "error": response.error or "",
        }
        for at, row, text, response, label in zip(
            rows.index, rows["id"], texts, responses, labels, strict=True
        )
    ]
    return Again(rate([bool(row["held"]) for row in evidence]), evidence)
