"""Experiments: single rounds that a person requests through the API, which train on one dataset, compare and report.

A request is an MLflow run with status SCHEDULED, and a tag with the request as JSON. The process that executes it later
runs the same stage notebooks as the loop.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from veritrain_lib.core.errors import Refused, UserError
from veritrain_lib.loop.round_run import Event, RoundRun
from veritrain_lib.loop.stage_job import finish_background_tasks, recover_killed_runs
from veritrain_lib.loop.task_bundle import publish_if_shared
from veritrain_lib.tracking import models, runs
from veritrain_lib.tracking.state import claims

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.execution.jobs import JobRunner
    from veritrain_lib.execution.workers.remote_runner import RemoteRunner

REQUEST = "veritrain.request"
"""MLflow tag of an experiment's run: the request as JSON."""

STARTED = "veritrain.started"
"""MLflow tag of an experiment's run: the time at which the work started, in milliseconds since 1970.

The start time that MLflow stores for the run is the time of the request.
"""

MAX_REQUEST_LENGTH = 6_000
"""Largest length of a request as JSON, in characters, since MLflow does not keep longer tags safely."""


class ExperimentRequest(BaseModel):
    """Request for an experiment: the dataset to train on, the model to compare with, and parameters of the training.

    Attributes:
        direction: The translation direction to display, such as `ja-en`.
        base_model_id: The id of the base model, as the API names it.
        adapter_id: The id of the adapter, as the API names it; None for none.
        dataset_id: The id of the MLflow run that made the dataset.
        champion: The address of the model to compare with; empty to train the seed model first and use that.
        seed: The random seed of every stage.
        trainer: Parameters of the task's trainer, by name, that replace those of the task file.
        config: The configuration as the client sent it.
        unsupported_config: The keys of `config` that are not supported and have no effect.
    """

    model_config = ConfigDict(frozen=True)

    direction: str
    base_model_id: str
    adapter_id: str | None = None
    dataset_id: str
    champion: str
    seed: int
    trainer: dict[str, Any] = {}
    config: dict[str, Any] = {}
    unsupported_config: list[str] = []


def request_of(run: runs.Run) -> ExperimentRequest | None:
    """Return the request that an experiment's MLflow run stores; None for a round that a loop started."""
    text = run.data.tags.get(REQUEST)
    return ExperimentRequest.model_validate(json.loads(text)) if text else None


def schedule_experiment(task: Task, name: str, request: ExperimentRequest) -> str:
    """Store the request for an experiment as an MLflow run with status SCHEDULED, to be run later.

    Args:
        task: The task.
        name: The name of the run.
        request: The request.

    Returns:
        The id of the run.

    Raises:
        UserError: when the request is too long to store.
    """
    text = json.dumps(request.model_dump(mode="json"), ensure_ascii=False)
    if len(text) > MAX_REQUEST_LENGTH:
        raise UserError(
            f"the experiment's configuration is too long: {len(text)} of {MAX_REQUEST_LENGTH} characters"
        )
    parameters = {"champion": request.champion, "seed": request.seed, "trainer": task.trainer.name}
    parameters |= {f"trainer.{key}": value for key, value in request.trainer.items()}
    publish_if_shared(task)  # a worker may be asked for it by its id alone
    return runs.schedule(task, name, kind="round", tags={REQUEST: text}, parameters=parameters)


def run_experiment(
    run_id: str,
    *,
    task: Task | None = None,
    runner: JobRunner | RemoteRunner | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> None:
    """Run a scheduled experiment, whose MLflow run ends FINISHED, FAILED with the reason, or KILLED if it is stopped.

    Args:
        run_id: The id of the scheduled run.
        task: Its task, if the caller has the task file; None to find it by its name.
        runner: The runner of its notebooks; None for the one that `VERITRAIN_RUNNER` names (see `is_for_workers`).
        on_event: Function that is called with each event of its stages; None to report none.

    Raises:
        Refused: when the dataset must not be trained on.
        StageFailed: when a notebook does not finish.
        UserError: when the run has no request.
    """
    import time

    from veritrain_lib.stages.inputs.tasks import find_task

    run = runs.get(run_id)
    request = request_of(run)
    if request is None:
        raise UserError(f"run {run_id} is not a requested experiment")
    runner = runner or _runner()
    runs.tag(run_id, {STARTED: str(int(time.time() * 1000))})
    task = task or find_task(run.data.tags["veritrain.task"], check=True)
    recover_killed_runs(task)
    runs.close_abandoned(task)
    # The pages of its notebooks are stored before the round's run ends.
    notify = on_event or (lambda event: None)
    with (
        claim_experiment(run_id),
        RoundRun(task, "", None, runner, notify, run_id=run_id) as round_run,
        finish_background_tasks(runner),
    ):
        _run_stages(round_run, request)


def claim_experiment(run_id: str) -> claims.Claim:
    """Claim (lock) the work on an experiment, so that the server and a worker never do it at the same time.

    If another process holds the claim, wait until that process has ended or released it.

    Args:
        run_id: The id of the experiment's MLflow run.

    Returns:
        The claim, a context manager that releases it.
    """
    return claims.claim(f"experiment {run_id}", f"experiment {run_id[:8]}")


def is_for_workers() -> bool:
    """Return whether Celery workers run the stages of experiments, not this machine: `VERITRAIN_RUNNER` says so.

    Raises:
        UserError: when `VERITRAIN_RUNNER` does not name a runner.
    """
    from veritrain_lib.execution.runner_choice import STAGE_RUNNERS, chosen_runner

    return chosen_runner() in STAGE_RUNNERS


def _runner() -> JobRunner | RemoteRunner:
    from veritrain_lib.execution.runner_choice import notebook_runner, open_runner

    return open_runner() if is_for_workers() else notebook_runner()


def _run_stages(round_run: RoundRun, request: ExperimentRequest) -> None:
    from veritrain_lib.stages.inputs.accepted_rows import accepted_dataset
    from veritrain_lib.stages.inputs.derived_task import with_trainer

    dataset = accepted_dataset(round_run.task, runs.get(request.dataset_id))
    if not request.champion:
        request = _with_seed_model(round_run, request)
    round_run.task = task = with_trainer(round_run.task, request.trainer)
    train = round_run.stage("train", dataset=dataset, seed=request.seed)
    result: Any = train.result
    round_run.log_training_data(dataset)
    round_run.summarize(result, result.headline)
    if models.identity(task, result.model) == models.identity(task, request.champion):
        round_run.summarize(
            result, f"Training on {dataset} gave the base model {request.champion} again: nothing to compare."
        )
        return
    evaluate = round_run.stage(
        "evaluate", champion=request.champion, challenger=result.model, seed=request.seed
    )
    round_run.stage("report", about=round_run.run_id, seed=request.seed)
    round_run.summarize(
        evaluate.result,
        evaluate.result.headline,
        extra_metrics={"training_rows": result.measures["training_rows"].value or 0.0},
    )


def _with_seed_model(round_run: RoundRun, request: ExperimentRequest) -> ExperimentRequest:
    """Train the task's seed model on seed rows that pass the gate; return the request with it as base model.

    Raises:
        Refused: when the gate blocks the seed rows.
    """
    from veritrain_lib.stages.inputs.defaults import SEED
    from veritrain_lib.tracking import datasets

    gate = round_run.stage("gate", dataset=SEED, seed=round_run.task.seed)
    passed = datasets.of_run(gate.run_id)
    if gate.result.outcome == "blocked" or passed is None:
        raise Refused(f"there is no model to compare with, and none can be made: {gate.result.headline}")
    trained: Any = round_run.stage("train", dataset=passed.reference, seed=round_run.task.seed).result
    name, version = str(trained.model).removeprefix("models:/").rsplit("/", 1)
    with_base = request.model_copy(update={"champion": trained.model, "base_model_id": f"{name}-{version}"})
    runs.tag(round_run.run_id, {REQUEST: json.dumps(with_base.model_dump(mode="json"), ensure_ascii=False)})
    return with_base
