"""Stages that another stage needs first, run in this process with a run of their own in MLflow.

A stage runs them only when its parameter `run_upstream` asks for it; without it the user reads what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import HumanInputRequired, Refused, UserError
from veritrain_lib.stages.base import Inputs, MissingInput, StageSpec, Step
from veritrain_lib.stages.record.finished_work import find_finished

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.stage_result import StageResult
    from veritrain_lib.tracking.entities import Run


def run_upstream(task: Task, stage: str, **parameters: Any) -> tuple[StageResult, str]:
    """Run a stage, and before it whatever stages it needs itself, in this process, each with a run of its own in MLflow.

    Args:
        task: The task.
        stage: One of `stages.NAMES`.
        parameters: Parameters of the stage; those left out get their defaults.

    Returns:
        The result and the run id.
    """
    from veritrain_lib.stages.record.stage_run import prepare

    upstream = prepare(stage, {"task": str(task.path), "run_upstream": True, **parameters}, inner=True)
    result = upstream.run()
    upstream.finish()
    return result, upstream.run_id


def finished_run(task: Task, stage: str, **parameters: Any) -> Run | None:
    """Return the finished run of a stage with these parameters; None when the work is still to do."""
    from veritrain_lib.stages.record.stage_run import prepare

    work = prepare(stage, {"task": str(task.path), **parameters}, inner=True).digest
    return find_finished(task, stage, work)


def resolve_inputs(spec: StageSpec, stage: str, task: Task, parameters: Mapping[str, Any]) -> Inputs:
    """Find a stage's inputs; where one is missing, run the stages that make it if `run_upstream` asks for that.

    Args:
        spec: The specification of the stage.
        stage: Its name.
        task: The task.
        parameters: All parameters of the stage.

    Raises:
        UserError: when an input is missing: what it is, what makes it, and how to have that run.
        HumanInputRequired: when a stage that was run first waits for answers of people.
        Refused: when a stage that was run first is blocked, and the input is still missing.
    """
    tried = headline = ""
    while True:
        try:
            return spec.resolve(task, parameters)
        except MissingInput as missing:
            if not parameters["run_upstream"]:
                raise UserError(
                    f"{stage}: {missing}. Or have it made now: run_upstream = True in the notebook, "
                    f"veritrain {stage} {task.name} --run-upstream on the command line"
                ) from missing
            if missing.what == tried:
                ran = ", ".join(step.stage for step in missing.steps)
                raise Refused(
                    f"{stage}: task {task.name} still has {tried}, after {ran} ran: {headline}"
                ) from missing
            tried, steps = missing.what, missing.steps
        headline = _run_steps(task, steps)


def _run_steps(task: Task, steps: tuple[Step, ...]) -> str:
    """Run stages until one is blocked, and return the headline of the last one."""
    headline = ""
    for step in steps:
        result, _ = run_upstream(task, step.stage, **step.parameters)
        if result.outcome == "waiting":
            raise HumanInputRequired(result.headline)
        headline = result.headline
        if result.outcome == "blocked":
            break
    return headline
