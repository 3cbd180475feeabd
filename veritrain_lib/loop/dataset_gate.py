"""Runs of the quality gate on one stored dataset, requested by the server after an upload or by a Celery task.

Progress and verdict are logged as events of the MLflow run that made the dataset. If the gate can't be run, the reason
is stored there too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.execution.runner_choice import notebook_runner
from veritrain_lib.loop.stage_job import CompletedStage, finish_background_tasks, run_stage
from veritrain_lib.stages.record.history import STAGE_RUN
from veritrain_lib.stages.record.stored_result import load_result
from veritrain_lib.tracking import datasets, event_log, runs
from veritrain_lib.tracking.dataset_listing import GATE_ERROR_TAG, GATE_TAG

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.execution.jobs import JobRunner
    from veritrain_lib.execution.outcome import NotebookProgress

Notify = Callable[["NotebookProgress"], None]


def gate_dataset(
    task: Task, run_id: str, *, runner: JobRunner | None = None, on_progress: Notify | None = None
) -> CompletedStage:
    """Run the gate on a dataset, or load the verdict if the same rows were judged by the same suite before.

    Args:
        task: The task.
        run_id: The run that made the dataset.
        runner: The runner of the notebook; by default this machine.
        on_progress: Called as the cells run.

    Returns:
        The gate stage with its verdict.

    Raises:
        UserError: The run made no dataset that a gate can judge.
        StageFailed: The notebook did not finish; the reason is stored with the draft, which stays a draft.
    """
    tags = runs.get(run_id).data.tags
    status = tags.get(f"{datasets.PREFIX}status")
    if tags.get("veritrain.stage") == "gate" and status in ("passed", "blocked"):
        return CompletedStage("gate", load_result("gate", run_id), run_id, True)
    if status != "draft":
        raise UserError(
            f"run {run_id} has no draft for the gate: its dataset is {status or 'missing'}. Name the run of an upload, "
            "of a generate stage or of a gate"
        )
    with reported_to(run_id):
        return gate_draft(task, run_id, run_id, runner, on_progress)


@contextmanager
def reported_to(run_id: str) -> Iterator[None]:
    """Context manager in which the gate judges a run's draft; it logs to the run's events that the gate starts.

    If the body raises, the reason why the gate could not be run is stored with the run, and the error is raised again.

    Args:
        run_id: The id of the MLflow run that made the draft.
    """
    event_log.append(run_id, "status", "the gate starts", data={"status": "judging"})
    try:
        yield
    except UserError as error:
        _store_gate_error(run_id, str(error))
        raise
    except BaseException as error:
        _store_gate_error(run_id, f"{type(error).__name__}: {error}")
        raise


def gate_draft(
    task: Task,
    draft_run: str,
    parent_run_id: str,
    runner: JobRunner | None,
    on_progress: Notify | None = None,
) -> CompletedStage:
    """Run the gate on the draft dataset that an MLflow run made, and log the verdict to that run's events.

    Args:
        task: The task.
        draft_run: The id of the run that made the draft.
        parent_run_id: The id of the run to which the gate's run belongs.
        runner: The runner of the notebook; None for this machine.
        on_progress: Function that is called as the cells run; None to report nothing.

    Returns:
        The gate stage with its verdict.

    Raises:
        StageFailed: The notebook did not finish.
    """
    dataset = datasets.of_run(draft_run)
    assert dataset is not None
    gate_run = run_stage_of(task, parent_run_id, "gate", {"dataset": dataset.reference}, runner, on_progress)
    result: Any = gate_run.result
    # The gate may have run on the same rows under another version: that verdict then applies to these too.
    runs.tag(draft_run, {GATE_TAG: gate_run.run_id, GATE_ERROR_TAG: ""})
    event_log.append(
        draft_run, "status", result.headline,
        data={
            "status": result.status, "type": "quality_gate", "dataset_id": draft_run, "gate_run": gate_run.run_id,
            "block_reasons": list(result.block_reasons),
        },
    )  # fmt: skip
    return gate_run


def run_stage_of(
    task: Task,
    parent_run_id: str,
    stage: str,
    parameters: Mapping[str, Any],
    runner: JobRunner | None,
    on_progress: Notify | None = None,
) -> CompletedStage:
    """Run a stage's notebook as part of a parent MLflow run, and log its progress to the parent's events.

    Args:
        task: The task.
        parent_run_id: The id of the parent run, such as that of a round.
        stage: The stage's name.
        parameters: The stage's parameters.
        runner: The runner of the notebook; None for this machine.
        on_progress: Function that is called as the cells run; None to report nothing.

    Returns:
        The completed stage.

    Raises:
        StageFailed: The notebook did not finish.
    """

    def report_progress(progress: NotebookProgress) -> None:
        data = {"stage": stage, "cell": progress.cell, "cells": progress.cells}
        event_log.append(
            parent_run_id, "progress", f"{stage}: cell {progress.cell} of {progress.cells}", data=data
        )
        if on_progress is not None:
            on_progress(progress)

    job_runner = runner or notebook_runner()
    with finish_background_tasks(job_runner):
        stage_run = run_stage(
            task,
            stage,
            {"round_run": parent_run_id, **parameters},
            runner=job_runner,
            on_progress=report_progress,
        )
    runs.tag(parent_run_id, {STAGE_RUN + stage: stage_run.run_id})
    return stage_run


def _store_gate_error(run_id: str, reason: str) -> None:
    message = reason.splitlines()[0][:2000] if reason else "unknown"
    runs.tag(run_id, {GATE_ERROR_TAG: message})
    event_log.append(run_id, "status", f"the gate could not be run: {message}", level="error",
                     data={"status": "draft"})  # fmt: skip
