"""Earlier stages that make a missing input of a stage: they run first, in the same process, each in its own MLflow run.

This happens only if the stage's parameter `run_upstream` is true; otherwise an error tells the user what is missing.
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
    """Run an earlier stage in this process, after any stages that it needs itself, each in an MLflow run of its own.

    Args:
        task: The task.
        stage: The stage's name, one of `stages.NAMES`.
        parameters: The stage's parameters. One that is left out has its default.

    Returns:
        The stage's result and the id of its run.
    """
    from veritrain_lib.stages.record.stage_run import prepare

    upstream = prepare(stage, {"task": str(task.path), "run_upstream": True, **parameters}, inner=True)
    result = upstream.run()
    upstream.finish()
    return result, upstream.run_id


def finished_run(task: Task, stage: str, **parameters: Any) -> Run | None:
    """Return the MLflow run that finished a stage's work with these parameters; None if the work is still to be done.

    Args:
        task: The task.
        stage: The stage's name, one of `stages.NAMES`.
        parameters: The stage's parameters. One that is left out has its default.
    """
    from veritrain_lib.stages.record.stage_run import prepare

    work = prepare(stage, {"task": str(task.path), **parameters}, inner=True).digest
    return find_finished(task, stage, work)


def resolve_inputs(spec: StageSpec, stage: str, task: Task, parameters: Mapping[str, Any]) -> Inputs:
    """Find a stage's inputs. If one is missing and `run_upstream` is set, first run the stages that make it.

    Args:
        spec: The specification of the stage.
        stage: The stage's name.
        task: The task.
        parameters: All parameters of the stage, by name.

    Returns:
        The inputs.

    Raises:
        UserError: when an input is missing and `run_upstream` is not set; the message says how to make the input.
        HumanInputRequired: when an earlier stage waits for people's answers.
        Refused: when the earlier stages have run and the input is still missing, for example because the gate blocked.
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
    """Run earlier stages in order, up to the first that is blocked, and return the headline of the last result.

    Raises:
        HumanInputRequired: when a stage waits for people's answers.
    """
    headline = ""
    for step in steps:
        result, _ = run_upstream(task, step.stage, **step.parameters)
        if result.outcome == "waiting":
            raise HumanInputRequired(result.headline)
        headline = result.headline
        if result.outcome == "blocked":
            break
    return headline
