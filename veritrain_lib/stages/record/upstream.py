"""Stages that another stage needs first, run in this process with a run of their own in MLflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.stage_result import StageResult


def run_upstream(task: Task, stage: str, **parameters: Any) -> tuple[StageResult, str]:
    """Run a stage whose output another stage needs, in this process, with a run of its own in MLflow.

    Args:
        task: The task.
        stage: One of `stages.NAMES`.
        parameters: Parameters of the stage; those left out get their defaults.

    Returns:
        The result and the run id.
    """
    from veritrain_lib.stages.record.stage_run import prepare

    upstream = prepare(stage, {"task": str(task.path), **parameters}, inner=True)
    result = upstream.run()
    upstream.finish()
    return result, upstream.run_id
