"""A round that somebody asked for by itself: train on one dataset, compare with the base model, report.

It is a run in status SCHEDULED that says what was asked; whoever takes it up does the stages by the same notebooks
as the loop.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from veritrain_lib.core.errors import Refused, UserError
from veritrain_lib.loop.round_run import Event, RoundRun
from veritrain_lib.loop.stage_job import attach_leftovers, finishing
from veritrain_lib.tracking import models, runs

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.execution.jobs import JobRunner

REQUEST = "veritrain.request"
"""Tag: what was asked, as JSON."""

STARTED = "veritrain.started"
"""Tag: when the work began, in milliseconds since 1970 (the run itself only knows when it was asked for)."""

LONGEST = 6_000
"""Characters of a request: MLflow keeps no longer tag safely."""


class Request(BaseModel):
    """What was asked.

    Attributes:
        direction: as it is shown, such as `ja-en`.
        base_model_id, adapter_id, dataset_id: as the API calls them; `dataset_id` is the run that made the dataset.
        champion: the base model's address; empty when the experiment is to train the seed model first.
        seed: of every stage.
        trainer: parameters of the task's trainer that are to be others.
        config: the configuration as it was given.
        unsupported_config: keys of it that nothing here can follow.
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


def request_of(run: runs.Run) -> Request | None:
    """What was asked of a run, None when it was begun by a loop."""
    given = run.data.tags.get(REQUEST)
    return Request.model_validate(json.loads(given)) if given else None


def ask(task: Task, name: str, request: Request) -> str:
    """Write down a round to be done. Gives its run's id. Raises UserError for a request that is too long to keep."""
    text = json.dumps(request.model_dump(mode="json"), ensure_ascii=False)
    if len(text) > LONGEST:
        raise UserError(f"the experiment's configuration is too long: {len(text)} of {LONGEST} characters")
    parameters = {"champion": request.champion, "seed": request.seed, "trainer": task.trainer.name}
    parameters |= {f"trainer.{key}": value for key, value in request.trainer.items()}
    return runs.schedule(task, name, kind="round", tags={REQUEST: text}, parameters=parameters)


def run_experiment(
    run_id: str, *, runner: JobRunner | None = None, on_event: Callable[[Event], None] | None = None
) -> None:
    """Do what was asked of a run, to a truthful end: FINISHED, FAILED with the reason, KILLED when it is stopped.

    Raises Refused for a dataset that must not be trained on, StageFailed for a notebook that does not finish, and
    UserError for a run that nobody asked for.
    """
    import time

    from veritrain_lib.execution.jobs import LocalRunner, asked_for_warm
    from veritrain_lib.stage_io.tasks import find_task

    run = runs.get(run_id)
    request = request_of(run)
    if request is None:
        raise UserError(f"run {run_id} is no experiment that was asked for")
    runner = runner or LocalRunner(warm=asked_for_warm(default=True))
    runs.tag(run_id, {STARTED: str(int(time.time() * 1000))})
    task = find_task(run.data.tags["veritrain.task"], check=True)
    attach_leftovers(task)
    runs.close_abandoned(task)
    # The pages of its notebooks are there before the round says that it has ended.
    heard = on_event or (lambda event: None)
    with RoundRun(task, "", None, runner, heard, given=run_id) as here, finishing(runner):
        _trip(here, request)


def _trip(here: RoundRun, request: Request) -> None:
    from veritrain_lib.stage_io.accepted_rows import accepted
    from veritrain_lib.stage_io.derived_task import with_trainer

    dataset = accepted(here.task, runs.get(request.dataset_id))
    if not request.champion:
        request = _with_seed_model(here, request)
    here.task = task = with_trainer(here.task, request.trainer)
    train = here.stage("train", dataset=dataset, seed=request.seed)
    result: Any = train.result
    here.trained_on(dataset)
    here.summarize(result, result.headline)
    if models.identity(task, result.model) == models.identity(task, request.champion):
        here.summarize(
            result, f"Training on {dataset} gave the base model {request.champion} again: nothing to compare."
        )
        return
    evaluate = here.stage("evaluate", champion=request.champion, challenger=result.model, seed=request.seed)
    here.stage("report", about=here.run_id, seed=request.seed)
    here.summarize(
        evaluate.result,
        evaluate.result.headline,
        also={"training_rows": result.measures["training_rows"].value or 0.0},
    )


def _with_seed_model(here: RoundRun, request: Request) -> Request:
    """The request with the task's seed model as its base: its own rows through the gate, and a model of what passed.

    Raises Refused when the gate blocks them.
    """
    from veritrain_lib.stage_io.defaults import SEED
    from veritrain_lib.tracking import datasets

    gate = here.stage("gate", dataset=SEED, seed=here.task.seed)
    passed = datasets.of_run(gate.run_id)
    if gate.result.outcome == "blocked" or passed is None:
        raise Refused(f"there is no model to compare with, and none can be made: {gate.result.headline}")
    made: Any = here.stage("train", dataset=passed.reference, seed=here.task.seed).result
    name, version = str(made.model).removeprefix("models:/").rsplit("/", 1)
    based = request.model_copy(update={"champion": made.model, "base_model_id": f"{name}-{version}"})
    runs.tag(here.run_id, {REQUEST: json.dumps(based.model_dump(mode="json"), ensure_ascii=False)})
    return based
