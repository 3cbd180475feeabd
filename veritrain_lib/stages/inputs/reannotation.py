"""Reannotation: rows whose label a model contradicts are added to the labels file again, for another person's answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.stages.gate.second_answers import rows_to_ask
from veritrain_lib.stages.generate.annotation import answer_id, queue_for_annotation
from veritrain_lib.stages.inputs import sources

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.stage_result import StageResult


def queue_for_reannotation(task: Task, result: StageResult) -> int:
    """Add rows whose label a model contradicts to the labels file, so that people give another answer.

    A row is added as `ID#2` or `ID#3`, the number of the answer, without the earlier answers. Only rows whose first
    answer was given in the labels file are added. If the task names pool columns with second answers, nothing is added.

    Args:
        task: The task.
        result: The gate's result.

    Returns:
        The number of rows that wait for another answer.
    """
    table = result.tables["second_answers"]
    requested = {} if task.data.second_answers else rows_to_ask(table)
    if not requested:
        return 0
    people = sources.human_labels(task)
    requested = {row: number for row, number in requested.items() if row in people}
    pool = sources.pool_inputs(task)
    waiting = pool[pool["id"].isin(requested)].drop_duplicates("id")
    if len(waiting):
        ids = [answer_id(row, requested[row]) for row in waiting["id"]]
        queue_for_annotation(task, waiting.assign(id=ids, **{task.target.field: ""}))
    return len(waiting)
