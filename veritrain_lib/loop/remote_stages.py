"""Stages that run on Celery workers: they are submitted, waited for, and then loaded from MLflow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import digest
from veritrain_lib.core.errors import class_of
from veritrain_lib.execution.outcome import NotebookProgress
from veritrain_lib.loop import task_bundle
from veritrain_lib.loop.stage_job import CompletedStage, StageFailed, find_completed, work_digest
from veritrain_lib.tracking import runs
from veritrain_lib.tracking.state.jobs import JobState, QueuedJob

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.execution.workers.remote_runner import RemoteRunner

LORA = "lora"
"""Name of the trainer that tunes a language model, whose stage goes to the machines with a graphics card."""

Requested = Sequence[tuple[str, Mapping[str, Any]]]


def queue_of(task: Task, stage: str) -> str:
    """Return the Celery queue for a stage: `gpu` to tune a language model, `teacher` for new rows, or `cpu`."""
    if stage == "train" and task.trainer.name == LORA:
        return "gpu"
    return "teacher" if stage == "generate" else "cpu"


def run_remotely(
    task: Task,
    requested: Requested,
    runner: RemoteRunner,
    *,
    on_begin: Callable[[str], None],
    on_progress: Callable[[str, NotebookProgress], None],
    on_wait: Callable[[str, str], None],
    on_sent: Callable[[str], None] = lambda message: None,
) -> list[CompletedStage]:
    """Run stages that do not depend on each other on Celery workers, or load those that were done before.

    Args:
        task: The task.
        requested: Name and parameters of each stage.
        runner: The runner that submits jobs to workers.
        on_begin: Function that is called with the name of each stage that is submitted.
        on_progress: Function that is called with a stage's name and its progress.
        on_wait: Function that is called with a stage's name and a message for people while the stage waits for a
            worker.
        on_sent: Function that is called with the id of each Celery message by which a stage is announced to workers.

    Returns:
        The completed stages, in the order requested.

    Raises:
        UserError: when a stage failed on a worker; of the class that was raised there, or else `StageFailed`.
        StageFailed: also when a stage ended but its result is not found in MLflow from this machine.
        KeyboardInterrupt: when a stage was cancelled.
    """
    completed = {stage: find_completed(task, stage, parameters) for stage, parameters in requested}
    jobs = {
        work_digest(task, stage, parameters): (stage, parameters)
        for stage, parameters in requested
        if completed[stage] is None
    }
    if jobs:
        report, sent = _reporter(jobs, on_progress, on_wait), set[str]()

        def changed(state: JobState) -> None:
            if state.message not in sent:
                sent.add(state.message)
                on_sent(state.message)
            report(state)

        states = runner.run(_queued(task, jobs, on_begin), on_change=changed)
        runs.close_abandoned(task)  # of workers that went down
        for job_id, (stage, parameters) in jobs.items():
            completed[stage] = _completed(task, stage, parameters, states[job_id])
    return [done for stage, _ in requested if (done := completed[stage]) is not None]


def _queued(
    task: Task, jobs: Mapping[str, tuple[str, Mapping[str, Any]]], on_begin: Callable[[str], None]
) -> list[QueuedJob]:
    bundles = task_bundle.publish(task)
    queued = []
    for job_id, (stage, parameters) in jobs.items():
        on_begin(stage)
        payload = {**bundles, "stage": stage, "parameters": dict(parameters), "code": digest.of_code()}
        queued.append(QueuedJob(job_id, f"{stage} of task {task.name}", payload, queue_of(task, stage)))
    return queued


def _reporter(
    jobs: Mapping[str, tuple[str, Mapping[str, Any]]],
    on_progress: Callable[[str, NotebookProgress], None],
    on_wait: Callable[[str, str], None],
) -> Callable[[JobState], None]:
    reported: dict[str, tuple[str, int]] = {}

    def changed(state: JobState) -> None:
        stage = jobs[state.id][0]
        if state.reason and state.status in ("queued", "running"):
            # The job may have begun again before it was looked at, so this does not depend on seeing it queued.
            ended = state.attempts - (state.status == "running")
            if reported.get(state.id) != (state.reason, ended):
                reported[state.id] = (state.reason, ended)
                on_wait(stage, f"{state.reason}; another attempt follows ({ended} so far)")
        # A job may end between two looks at it; its last progress is reported even so.
        if state.status in ("running", "done") and state.progress:
            on_progress(stage, NotebookProgress(**state.progress))

    return changed


def _completed(task: Task, stage: str, parameters: Mapping[str, Any], state: JobState) -> CompletedStage:
    if state.status == "cancelled":
        raise KeyboardInterrupt
    if state.status == "failed":
        raise class_of(state.error, StageFailed)(state.failure(f"{stage} on worker {state.worker}"))
    done = find_completed(task, stage, parameters)
    if done is None:
        raise StageFailed(
            f"{stage} ended on worker {state.worker}, but the record does not have its result as this machine looks for "
            "it. Do both have the same record (MLFLOW_TRACKING_URI, DATABASE_URL) and the same extensions installed?"
        )
    if stage == "generate" and done.result.outcome == "waiting":
        from veritrain_lib.stages.generate.annotation import queue_for_annotation

        queue_for_annotation(task, done.result.tables["waiting"])  # the worker wrote them into its own copy
    if stage == "gate":
        from veritrain_lib.stages.inputs.reannotation import queue_for_reannotation

        queue_for_reannotation(task, done.result)
    return CompletedStage(done.stage, done.result, done.run_id, False)
