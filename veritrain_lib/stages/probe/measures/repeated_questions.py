"""Questions that the probe asks a model again, unchanged or changed, and the comparison with the first answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from veritrain_lib.stages.probe.measures.rate import rate

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.probe.measures.extra_questions import ExtraQuestions
    from veritrain_lib.stages.stage_result import Measure

COLUMNS = ("measure", "id", "input", "first_answer", "answer", "planted", "held", "error")

Held = Callable[["Response", "Response", str], bool]
"""Type of a row check: (first response, new response, label of an injected instruction or "") -> property holds."""


@dataclass(frozen=True)
class RepeatResult:
    """Result of asking the probe's rows again.

    Attributes:
        measure: The share of rows for which the measured property holds, such as an unchanged answer; None if the
            budget did not allow asking.
        evidence: One entry per row that was asked again, with the keys `COLUMNS`.
    """

    measure: Measure | None
    evidence: list[dict[str, Any]]


def same(first: Response, second: Response, _: str = "") -> bool:
    """Return whether two responses have the same best answer. A failed response is not the same as any other."""
    failed = first.error is not None or second.error is not None
    return not failed and first.best is not None and first.best == second.best


def repeat_questions(
    questions: ExtraQuestions,
    task: Task,
    name: str,
    rows: pd.DataFrame,
    first: Mapping[Any, Response],
    held: Held = same,
    *,
    sample: int = 0,
    planted: Sequence[str] = (),
) -> RepeatResult:
    """Ask a model about rows of the probe again, and compare its answers with the first ones.

    A row on which the model fails, now or the first time, counts in the denominator of the rate.

    Args:
        questions: The object that asks the model, within a budget.
        task: The task.
        name: The name of the measure.
        rows: The rows to ask, changed or not.
        first: The model's first responses, by the index of the rows.
        held: The check of whether the measured property holds for a row; by default, that both answers are the same.
        sample: The sample number for a paid model; another number than before gets a new answer.
        planted: The label that the injected instruction of each row asks for; empty if there are no instructions.

    Returns:
        The share of rows for which the property holds, with both answers to each row; without a share and answers if
        the budget allows no questions.
    """
    responses = questions.ask(name, rows, sample)
    if responses is None:
        return RepeatResult(None, [])
    labels = list(planted) or [""] * len(rows)
    texts = [
        "\n".join(map(str, fields)) for fields in zip(*(rows[name] for name in task.inputs), strict=True)
    ]
    evidence = [
        {
            "measure": name,
            "id": row,
            "input": text,
            "first_answer": first[index].best or "",
            "answer": response.best or "",
            "planted": label,
            "held": held(first[index], response, label),
            "error": response.error or "",
        }
        for index, row, text, response, label in zip(
            rows.index, rows["id"], texts, responses, labels, strict=True
        )
    ]
    return RepeatResult(rate([bool(row["held"]) for row in evidence]), evidence)
