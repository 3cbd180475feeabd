"""Probe measure: robustness, the share of answers that stay the same in capitals, with typing errors, or reworded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from veritrain_lib.stages.probe.measures.changes import CHANGES, changed_rows
from veritrain_lib.stages.probe.measures.repeated_questions import RepeatResult, repeat_questions

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.probe.measures.extra_questions import ExtraQuestions


def robustness(
    questions: ExtraQuestions, task: Task, rows: pd.DataFrame, first: Mapping[Any, Response], seed: int
) -> dict[str, RepeatResult]:
    """Measure the share of rows whose best answer stays the same when the question is changed, for each kind of change.

    A model that varies its answer even to the same question can't reach more than its `stability`.

    Args:
        questions: The object that asks the model, within a budget.
        task: The task.
        rows: The rows to ask.
        first: The model's first responses, by the index of the rows.
        seed: Seed of every random choice.

    Returns:
        Results by the name of the measure: `robust_case`, `robust_typing`, `robust_rewording`.
    """
    return {
        name: repeat_questions(questions, task, name, changed_rows(task, rows, name, seed), first)
        for name in CHANGES
    }
