"""Questions asked again, in the same words or others, with one evidence row per answer."""

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
"""A function of first response, new response and planted label ("" for none) to whether the measured property holds."""


@dataclass(frozen=True)
class RepeatResult:
    """A rate and the evidence rows behind it. The measure is None when nothing was asked."""

    measure: Measure | None
    evidence: list[dict[str, Any]]


def same(first: Response, second: Response, _: str = "") -> bool:
    """Return whether both have the same best answer; a failed response equals no other."""
    failed = first.error is not None or second.error is not None
    return not failed and first.best is not None and first.best == second.best


def ask_again(
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
    """Ask a model about rows again and compare its answers with the first ones.

    A row that the model fails on, now or the first time, stays in the denominator.

    Args:
        questions: The extra questions to the model.
        task: The task.
        name: The name of the measure.
        rows: The rows to ask.
        first: The first responses, by the index of the rows.
        held: Whether the measured property holds for an answer.
        sample: The sample number, for a paid model.
        planted: The planted label of each row, if there is one.
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
