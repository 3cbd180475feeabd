"""Execution of the Celery tasks `train_model` and `check_quality_gate` on a worker, and their results as JSON objects.

Work whose result is in MLflow already is not done again. `task_calls.py` makes the jobs of these tasks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import Refused, class_of
from veritrain_lib.loop.dataset_gate import gate_dataset
from veritrain_lib.loop.experiment_run import claim_experiment, run_experiment
from veritrain_lib.stages.gate.verdict_rates import verdict_rates
from veritrain_lib.stages.record.history import STAGE_RUN
from veritrain_lib.stages.record.stored_result import load_result
from veritrain_lib.tracking import runs

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.execution.jobs import JobRunner
    from veritrain_lib.execution.outcome import NotebookProgress
    from veritrain_lib.loop.round_run import Event

Report = Callable[["NotebookProgress"], None]


def run_call(payload: Mapping[str, Any], task: Task, *, runner: JobRunner, report: Report) -> dict[str, Any]:
    """Run a Celery task that was called by name, on this machine, and return its result as a JSON object.

    Args:
        payload: The job's payload, with `call` (the name of the Celery task), its `arguments`, and the number of this
            `attempt`.
        task: The Veri-Train task that the job belongs to.
        runner: The runner of the stage notebooks.
        report: Function that is called as the cells of the notebooks run.

    Returns:
        The result, see `experiment_result` for `train_model`.

    Raises:
        UserError: The work can't be done, or an earlier attempt failed; then with that failure's class and reason.
        Refused: A person stopped the experiment.
    """
    arguments = payload["arguments"]
    if payload["call"] == "train_model":
        return _train(arguments["experiment_id"], task, runner, report, int(payload.get("attempt", 1)))
    return _judge(arguments["dataset_id"], task, runner, report)


def _train(experiment_id: str, task: Task, runner: JobRunner, report: Report, attempt: int) -> dict[str, Any]:
    def on_event(event: Event) -> None:
        if event.progress is not None:
            report(event.progress)

    with claim_experiment(experiment_id):  # another process that works on it is waited for
        run = runs.get(experiment_id)
        if runs.STOP_TAG in run.data.tags:
            raise Refused(f"experiment {experiment_id} was stopped; clone it to run it again")
        # After the first attempt, a failure is that of a worker or a kernel that went down.
        if run.info.status == "FAILED" and attempt == 1:
            name, _, reason = run.data.tags.get(runs.REASON_TAG, "").partition(": ")
            raise class_of(name)(
                f"experiment {experiment_id} failed: {reason or name or 'no reason is stored'}"
            )
        if run.info.status != "FINISHED":
            run_experiment(experiment_id, task=task, runner=runner, on_event=on_event)
    return experiment_result(experiment_id)


def experiment_result(experiment_id: str) -> dict[str, Any]:
    """Return what `train_model` gives back for a finished experiment.

    Returns:
        `experiment_id`, `status`, `runs` (run id by stage), `model` (its URI), `verdict` (`none` without an evaluation),
        `promoted`, `headline` (one sentence) and `metrics` (finite values by name).
    """
    run = runs.get(experiment_id)
    stages = {
        tag.removeprefix(STAGE_RUN): value
        for tag, value in run.data.tags.items()
        if tag.startswith(STAGE_RUN)
    }
    trained: Any = load_result("train", stages["train"])
    evaluated = runs.get(stages["evaluate"]).data.tags if "evaluate" in stages else {}
    return {
        "experiment_id": experiment_id,
        "status": "completed",
        "runs": stages,
        "model": trained.model,
        "verdict": evaluated.get("veritrain.verdict", "none"),
        "promoted": evaluated.get("veritrain.promote") == "true",
        "headline": run.data.tags.get(runs.NOTE_TAG, ""),
        "metrics": {name: value for name, value in run.data.metrics.items() if math.isfinite(value)},
    }


def _judge(dataset_id: str, task: Task, runner: JobRunner, report: Report) -> dict[str, Any]:
    gate = gate_dataset(task, dataset_id, runner=runner, on_progress=report)
    result: Any = gate.result
    rates, limits = verdict_rates(result)
    return {
        "dataset_id": dataset_id,
        "status": "passed" if result.status == "passed" else "failed",
        "gate_run_id": gate.run_id,
        "rows_accepted": len(result.tables["accepted"]),
        "rows_rejected": len(result.tables["quarantine"]),
        "metrics": rates,
        "thresholds": limits,
        "block_reasons": list(result.block_reasons),
        "headline": result.headline,
    }
