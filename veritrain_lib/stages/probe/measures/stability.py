"""Probe measure: stability, the share of questions that a model answers in the same way when asked twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from veritrain_lib.stages.probe.measures.repeated_questions import RepeatResult, repeat_questions

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.probe.measures.extra_questions import ExtraQuestions

NAME = "stability"
SECOND = 1
"""Sample number of the second answer; under the first one's number a stored answer would be compared with itself."""


def stability(
    questions: ExtraQuestions, task: Task, rows: pd.DataFrame, first: Mapping[Any, Response]
) -> RepeatResult:
    """Measure the share of rows to which a model gives the same best answer when it is asked twice.

    Args:
        questions: The object that asks the model, within a budget.
        task: The task.
        rows: The rows to ask again.
        first: The model's first responses, by the index of the rows.

    Returns:
        The share, with both answers to each row; without a share if the budget allows no questions.
    """
    return repeat_questions(questions, task, NAME, rows, first, sample=SECOND)
