"""Background jobs of datasets: the gate of an upload, or the generation of new rows and their gate."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import event_log
from veritrain_lib.core.errors import UserError
from veritrain_lib.execution.jobs import JobRunner, LocalRunner, warm_kernels_requested
from veritrain_lib.loop.stage_job import CompletedStage, finish_background_tasks, run_stage
from veritrain_lib.server.jobs.run_end import execute_run
from veritrain_lib.server.resources.datasets.generation import PARAMETERS_TAG
from veritrain_lib.server.resources.datasets.record import GATE_ERROR_TAG
from veritrain_lib.server.tasks import task_of_run
from veritrain_lib.stages.record.history import STAGE_RUN
from veritrain_lib.tracking import datasets, runs
from veritrain_lib.tracking.dataset_listing import GATE_TAG

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.execution.outcome import NotebookProgress


def gate_upload(run_id: str, runner: JobRunner | None = None) -> None:
    """Run the gate's notebook on the draft that a run made.

    A blocked dataset is a verdict, not an error. If the gate can't be run, the reason is stored with the draft, which
    stays a draft.
    """
    event_log.append(run_id, "status", "the gate starts", data={"status": "judging"})
    try:
        _run_gate(task_of_run(runs.get(run_id)), run_id, run_id, runner)
    except UserError as error:
        _record_gate_error(run_id, str(error))
    except BaseException as error:
        _record_gate_error(run_id, f"{type(error).__name__}: {error}")
        raise


def generate_and_gate(run_id: str, runner: JobRunner | None = None) -> None:
    """Run the generate stage's notebook, then the gate on its rows.

    The run ends with the status of these stages.
    """
    runs.resume(run_id)
    run = runs.get(run_id)

    def work() -> str:
        task = task_of_run(run)
        parameters = json.loads(run.data.tags[PARAMETERS_TAG])
        event_log.append(run_id, "status", "generation starts", data={"status": "running"})
        generated = _run_stage(task, run_id, "generate", parameters, runner)
        headline, dataset = generated.result.headline, datasets.of_run(generated.run_id)
        if dataset is not None:
            verdict = _run_gate(task, generated.run_id, run_id, runner)
            headline = f"{headline} {verdict.result.headline}"
        runs.tag(run_id, {runs.NOTE_TAG: headline, "veritrain.outcome": generated.result.outcome})
        return str(headline)

    execute_run(run_id, work, status="completed")


def _run_gate(task: Task, draft_run: str, parent_run_id: str, runner: JobRunner | None) -> CompletedStage:
    """Run the gate on a run's draft; its verdict is added to the events of the draft's run."""
    dataset = datasets.of_run(draft_run)
    assert dataset is not None
    gate_run = _run_stage(task, parent_run_id, "gate", {"dataset": dataset.reference}, runner)
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


def _run_stage(
    task: Task, parent_run_id: str, stage: str, parameters: dict[str, Any], runner: JobRunner | None
) -> CompletedStage:
    """Run a stage's notebook under a run; its progress is added to that run's events."""

    def report_progress(progress: NotebookProgress) -> None:
        data = {"stage": stage, "cell": progress.cell, "cells": progress.cells}
        event_log.append(
            parent_run_id, "progress", f"{stage}: cell {progress.cell} of {progress.cells}", data=data
        )

    job_runner = runner or LocalRunner(warm=warm_kernels_requested(default=True))
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


def _record_gate_error(run_id: str, reason: str) -> None:
    message = reason.splitlines()[0][:2000] if reason else "unknown"
    runs.tag(run_id, {GATE_ERROR_TAG: message})
    event_log.append(run_id, "status", f"the gate could not be run: {message}", level="error",
                     data={"status": "draft"})  # fmt: skip
