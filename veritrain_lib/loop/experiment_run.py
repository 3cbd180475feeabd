"""Experiments: single rounds that were requested by themselves. Train on one dataset, compare, report.

A request is a run in status SCHEDULED with the request in a tag. The process that executes it runs the stages by the
same notebooks as the loop. Open this to see what the API's experiments do.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from veritrain_lib.core.errors import Refused, UserError
from veritrain_lib.loop.round_run import Event, RoundRun
from veritrain_lib.loop.stage_job import finish_background_tasks, recover_killed_runs
from veritrain_lib.tracking import models, runs

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.execution.jobs import JobRunner

REQUEST = "veritrain.request"
"""Tag: the request, as JSON."""

STARTED = "veritrain.started"
"""Tag: when the work started, in milliseconds since 1970. The run's own start time is that of the request."""

MAX_REQUEST_LENGTH = 6_000
"""Largest number of characters of a request: MLflow does not keep longer tags safely."""


class ExperimentRequest(BaseModel):
    """The request for an experiment.

    Attributes:
        direction: The translation direction as it is shown, such as `ja-en`.
        base_model_id: The id of the base model, as the API names it.
        adapter_id: The id of the adapter, as the API names it.
        dataset_id: The run that made the dataset.
        champion: The base model's address; empty when the experiment is to train the seed model first.
        seed: The seed of every stage.
        trainer: Parameters of the task's trainer that replace those of the task file.
        config: The configuration as it was requested.
        unsupported_config: Keys of it that are not supported.
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
    """Return the request for a run; None when a loop started it."""
    text = run.data.tags.get(REQUEST)
    return ExperimentRequest.model_validate(json.loads(text)) if text else None


def schedule_experiment(task: Task, name: str, request: ExperimentRequest) -> str:
    """Schedule an experiment as a run in status SCHEDULED.

    Args:
        task: The task.
        name: The name of the run.
        request: The request.

    Returns:
        The run id.

    Raises:
        UserError: for a request that is too long to store.
    """
    text = json.dumps(request.model_dump(mode="json"), ensure_ascii=False)
    if len(text) > MAX_REQUEST_LENGTH:
        raise UserError(
            f"the experiment's configuration is too long: {len(text)} of {MAX_REQUEST_LENGTH} characters"
        )
    parameters = {"champion": request.champion, "seed": request.seed, "trainer": task.trainer.name}
    parameters |= {f"trainer.{key}": value for key, value in request.trainer.items()}
    return runs.schedule(task, name, kind="round", tags={REQUEST: text}, parameters=parameters)


def run_experiment(
    run_id: str, *, runner: JobRunner | None = None, on_event: Callable[[Event], None] | None = None
) -> None:
    """Run a scheduled experiment. Its run ends FINISHED, FAILED with the reason, or KILLED when it is stopped.

    Args:
        run_id: The scheduled run.
        runner: The runner of its notebooks; by default this machine.
        on_event: Called with each event of its stages.

    Raises:
        Refused: for a dataset that must not be trained on.
        StageFailed: for a notebook that does not finish.
        UserError: for a run without a request.
    """
    import time

    from veritrain_lib.execution.jobs import LocalRunner, warm_kernels_requested
    from veritrain_lib.stages.inputs.tasks import find_task

    run = runs.get(run_id)
    request = request_of(run)
    if request is None:
        raise UserError(f"run {run_id} is not a requested experiment")
    runner = runner or LocalRunner(warm=warm_kernels_requested(default=True))
    runs.tag(run_id, {STARTED: str(int(time.time() * 1000))})
    task = find_task(run.data.tags["veritrain.task"], check=True)
    recover_killed_runs(task)
    runs.close_abandoned(task)
    # The pages of its notebooks are stored before the round's run ends.
    notify = on_event or (lambda event: None)
    with (
        RoundRun(task, "", None, runner, notify, run_id=run_id) as round_run,
        finish_background_tasks(runner),
    ):
        _run_stages(round_run, request)


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
    """Return the request with the task's seed model as its base, which is trained on the seed rows that pass the gate.

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
