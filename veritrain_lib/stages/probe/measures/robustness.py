"""Robustness: whether the answer stays the same in capitals, with typing errors, and reworded by rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from veritrain_lib.stages.probe.measures.changes import CHANGES, changed_rows
from veritrain_lib.stages.probe.measures.repeated_questions import RepeatResult, ask_again

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.probe.measures.extra_questions import ExtraQuestions


def robustness(
    questions: ExtraQuestions, task: Task, rows: pd.DataFrame, first: Mapping[Any, Response], seed: int
) -> dict[str, RepeatResult]:
    """Measure for each change the share of changed rows whose best answer stayed the same.

    For a model that varies its answer even to the same question, `stability` is the most that can be expected.
    """
    return {
        name: ask_again(questions, task, name, changed_rows(task, rows, name, seed), first)
        for name in CHANGES
    }
