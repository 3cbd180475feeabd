"""Overview and report of a task as the record in MLflow has them, and the loop, which fills it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.loop.record import LoopResult
    from veritrain_lib.stages.stage_result import StageResult
    from veritrain_lib.ui.overview import TaskOverview


def overview(task: Task) -> TaskOverview:
    """Return the state of a task: champion, data, looks, rounds, and what to do next."""
    from veritrain_lib.ui.overview import overview as overview_of

    return overview_of(str(task.path))


def report(task: Task) -> StageResult:
    """Return the newest report of a task.

    Raises:
        UserError: There is none yet.
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
    """Run the closed loop until the target is met or the budget is spent, or go on where it stopped.

    Returns:
        How the loop ended. Its runs, datasets and models are in MLflow, as after `veritrain loop`.

    Raises:
        StageFailed: A stage did not finish; the same call goes on.
    """
    from veritrain_lib.execution import LocalRunner
    from veritrain_lib.execution.jobs import warm_kernels_requested
    from veritrain_lib.loop.loop import run_loop as run_rounds
    from veritrain_lib.stages.inputs.tasks import remember

    return run_rounds(remember(task), runner=LocalRunner(warm=warm_kernels_requested(default=True)))
