"""What is done for a dataset after its request was answered: the gate of an upload, or new rows and their gate."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import event_log
from veritrain_lib.core.errors import UserError
from veritrain_lib.execution.jobs import JobRunner, LocalRunner, asked_for_warm
from veritrain_lib.loop.stage_job import Done, finishing, run_stage
from veritrain_lib.server.generation import PARAMETERS
from veritrain_lib.server.run_end import carry_out
from veritrain_lib.server.serializers.dataset import NOT_JUDGED
from veritrain_lib.server.serializers.task import task_of
from veritrain_lib.stage_io.history import STAGE_RUN
from veritrain_lib.tracking import datasets, runs
from veritrain_lib.tracking.dataset_listing import GATE

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.execution.outcome import Progress


def judge_upload(run_id: str, runner: JobRunner | None = None) -> None:
    """Run the gate on the draft that a run made, by the gate's notebook. Blocked is a verdict, not an error.

    A gate that could not be run is told on the draft, which stays one.
    """
    event_log.append(run_id, "status", "the gate begins", data={"status": "judging"})
    try:
        _judge(task_of(runs.get(run_id)), run_id, run_id, runner)
    except UserError as error:
        _could_not(run_id, str(error))
    except BaseException as error:
        _could_not(run_id, f"{type(error).__name__}: {error}")
        raise


def generate(run_id: str, runner: JobRunner | None = None) -> None:
    """Write new rows by the generate stage's notebook, then run the gate on them. The run ends as they end."""
    runs.take_up(run_id)
    run = runs.get(run_id)

    def work() -> str:
        task = task_of(run)
        parameters = json.loads(run.data.tags[PARAMETERS])
        event_log.append(run_id, "status", "generation begins", data={"status": "running"})
        made = _stage(task, run_id, "generate", parameters, runner)
        headline, drafted = made.result.headline, datasets.of_run(made.run_id)
        if drafted is not None:
            verdict = _judge(task, made.run_id, run_id, runner)
            headline = f"{headline} {verdict.result.headline}"
        runs.tag(run_id, {runs.NOTE: headline, "veritrain.outcome": made.result.outcome})
        return str(headline)

    carry_out(run_id, work, status="completed")


def _judge(task: Task, draft_run: str, under: str, runner: JobRunner | None) -> Done:
    """The gate on a run's draft; its verdict is told among the draft's lines."""
    drafted = datasets.of_run(draft_run)
    assert drafted is not None
    done = _stage(task, under, "gate", {"dataset": drafted.reference}, runner)
    result: Any = done.result
    # The same rows may have been judged under another version: then that verdict is theirs too.
    runs.tag(draft_run, {GATE: done.run_id, NOT_JUDGED: ""})
    event_log.append(
        draft_run, "status", result.headline,
        data={
            "status": result.status, "type": "quality_gate", "dataset_id": draft_run, "gate_run": done.run_id,
            "block_reasons": list(result.block_reasons),
        },
    )  # fmt: skip
    return done


def _stage(task: Task, under: str, stage: str, parameters: dict[str, Any], runner: JobRunner | None) -> Done:
    """A stage's notebook under a run, with its progress among that run's lines."""

    def moved(progress: Progress) -> None:
        data = {"stage": stage, "cell": progress.cell, "cells": progress.cells}
        event_log.append(under, "progress", f"{stage}: cell {progress.cell} of {progress.cells}", data=data)

    at_work = runner or LocalRunner(warm=asked_for_warm(default=True))
    with finishing(at_work):
        done = run_stage(task, stage, {"round_run": under, **parameters}, runner=at_work, on_progress=moved)
    runs.tag(under, {STAGE_RUN + stage: done.run_id})
    return done


def _could_not(run_id: str, why: str) -> None:
    said = why.splitlines()[0][:2000] if why else "unknown"
    runs.tag(run_id, {NOT_JUDGED: said})
    event_log.append(run_id, "status", f"the gate could not be run: {said}", level="error",
                     data={"status": "draft"})  # fmt: skip
