"""Library functions to run the loop, and to read a task's overview and newest report from MLflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.loop.record import LoopResult
    from veritrain_lib.stages.stage_result import StageResult
    from veritrain_lib.ui.overview import TaskOverview


def overview(task: Task) -> TaskOverview:
    """Return the overview of a task, which displays itself in a notebook.

    It shows the champion, the data, how many comparisons on the held-out test set are used up, the rounds of the loop,
    and what to do next.
    """
    from veritrain_lib.ui.overview import overview as overview_of

    return overview_of(str(task.path))


def report(task: Task) -> StageResult:
    """Return the newest report of a task, which displays itself in a notebook.

    Raises:
        UserError: when the task has no report yet.
    """
    from veritrain_lib.stages.record.stored_result import load_result
    from veritrain_lib.tracking import runs

    found = runs.search(task, "tags.`veritrain.stage` = 'report' AND attributes.status = 'FINISHED'", limit=1)
    if not found:
        raise UserError(
            f"task {task.name} has no report yet; run the loop: run_loop(task), or veritrain loop {task.path}"
        )
    return load_result("report", found[0].info.run_id)


def run_loop(task: Task) -> LoopResult:
    """Run the rounds of a task's loop until its target is met or its budget is spent, or resume them where they stopped.

    A round makes new rows, filters them by the quality gate, trains a model and compares it with the champion.

    Returns:
        The outcome of the loop. Its runs, datasets and models are in MLflow, as after `veritrain loop`.

    Raises:
        StageFailed: when a stage does not finish; the same call then resumes the loop.
    """
    from veritrain_lib.execution.runner_choice import notebook_runner
    from veritrain_lib.loop.loop import run_loop as run_rounds
    from veritrain_lib.stages.inputs.tasks import remember

    return run_rounds(remember(task), runner=notebook_runner())
