"""Stability: whether a model gives the same answer to the same question twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from veritrain_lib.stages.probe.measures.repeated_questions import RepeatResult, ask_again

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.probe.measures.extra_questions import ExtraQuestions

NAME = "stability"
SECOND = 1
"""The sample number of the second time; without it a stored answer would be compared with itself."""


def stability(
    questions: ExtraQuestions, task: Task, rows: pd.DataFrame, first: Mapping[Any, Response]
) -> RepeatResult:
    """Measure the share of rows with the same best answer both times."""
    return ask_again(questions, task, NAME, rows, first, sample=SECOND)
