"""New rows that a client asks for: what of it can be done, what it will cost, and the run that does it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any, get_args

from veritrain_lib.core import registry
from veritrain_lib.core.errors import OutOfMoney
from veritrain_lib.server.api.problems import Conflict, WrongField
from veritrain_lib.server.serializers.dataset import find, training_reference
from veritrain_lib.server.serializers.task import known_tasks, task_named
from veritrain_lib.stage_io.tasks import remember
from veritrain_lib.tracking import runs
from veritrain_lib.tracking.dataset_facts import direction
from veritrain_lib.tracking.datasets import PREFIX
from veritrain_lib.tracking.listing import RunQuery, runs_page

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.llm.records import Estimate
    from veritrain_lib.server.api.dataset_schemas import GenerationGiven

PARAMETERS = "veritrain.generation"
"""Tag of a run of kind `generation`: the generate stage's parameters, as JSON."""

SECONDS = 30.0
"""What a generation takes where none was seen yet: mostly the start of two notebooks."""


@dataclass(frozen=True)
class Plan:
    """The generate stage's parameters for what was asked, and what of it no teacher here can obey."""

    task: Task
    parameters: dict[str, Any]
    unsupported: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Foreseen:
    """Tokens, US dollars and seconds that are likely; `at_most` US dollars; what the figures rest on."""

    tokens: int
    cost: float
    at_most: float
    seconds: float
    basis: str


def plan(asked: GenerationGiven) -> Plan:
    """What will be done.

    Raises WrongField for an unknown task, teacher or way of choosing; NotFound and Conflict for a seed dataset that
    is not there or did not pass the gate.
    """
    task = _task(asked)
    left: list[str] = []
    parameters: dict[str, Any] = {"rows": asked.target_count}
    if asked.direction and asked.direction != direction(task):
        left.append(f"direction {asked.direction!r}: task {task.name} is {direction(task)}")
    if asked.scene and "scene" in task.columns:
        left.append("scene: the plan follows the model's errors, not a scene")
    elif asked.scene and asked.scene != "written":
        left.append(f"scene {asked.scene!r}: rows of task {task.name} have no scene")
    source = asked.seed_source
    if source.file:
        left.append("seed_source.file: upload the file as a dataset and name its id")
    if source.type == "dataset":
        parameters["dataset"] = _seed_dataset(task, source.id)
    elif source.id:
        left.append("seed_source.id: a corpus is the task's own data; use type dataset")
    _obey(task, asked.strategy, parameters, left)
    return Plan(task, parameters, left)


def _task(asked: GenerationGiven) -> Task:
    tasks = known_tasks()
    named = [task for task in tasks if task.name == asked.task]
    alike = [task for task in tasks if asked.direction and direction(task) == asked.direction]
    return (named or alike)[0] if named or alike else task_named(asked.task)


def _seed_dataset(task: Task, dataset_id: str | None) -> str:
    if not dataset_id:
        raise WrongField("body.seed_source.id", "a seed source of type dataset needs an id")
    item = find(dataset_id)
    if item.run.data.tags[f"{PREFIX}name"] != task.name:
        raise WrongField("body.seed_source.id", f"that dataset is none of task {task.name}")
    return training_reference(item.run)


def _obey(task: Task, strategy: dict[str, Any], parameters: dict[str, Any], left: list[str]) -> None:
    from veritrain_lib.core.task import TeacherChoice

    teachers, own_model = registry.names("teachers"), task.teacher.parameters.get("model")
    ways = get_args(TeacherChoice.model_fields["choose"].annotation)
    for key, value in strategy.items():
        where = f"body.strategy.{key}"
        if key == "teacher":
            if value not in teachers:
                raise WrongField(where, f"no teacher is called {value!r}; there are: {', '.join(teachers)}")
            parameters["teacher"] = value
        elif key == "model" and value in teachers:
            parameters.setdefault("teacher", value)
        elif key == "choose":
            if value not in ways:
                raise WrongField(where, f"{value!r} is no way of choosing; there are: {', '.join(ways)}")
            parameters["choose"] = value
        elif key == "batch":
            if type(value) is not int or not 1 <= value <= 100_000:
                raise WrongField(where, "must be a whole number from 1 to 100000")
            parameters["batch"] = value
        elif not (key == "model" and value == own_model):
            left.append(f"strategy.{key}: {_why_not(key, task)}")


def _why_not(key: str, task: Task) -> str:
    if key == "model":
        return f"the model of a teacher is set in the task file; task {task.name} has teacher {task.teacher.name}"
    return "no teacher takes it; the plan follows the model's errors"


def foresee(what: Plan) -> Foreseen:
    """What it will likely cost and take. Asks nothing and pays nothing.

    Raises UserError when no key is set or the model has no price, Conflict when that can't be said before it is paid.
    """
    from veritrain_lib.stage_io.generate import BINDING

    parameters = {**BINDING.PARAMETERS, **what.parameters}
    if not BINDING.is_paid(what.task, parameters):
        seconds, basis = _seconds(what.task)
        return Foreseen(0, 0.0, 0.0, seconds, f"this teacher asks no paid model; time: {basis}")
    estimate = _paid_estimate(what)
    if estimate is None:
        return Foreseen(0, 0.0, 0.0, 0.0, "this was done before: it is shown from the record")
    return Foreseen(
        estimate.input_tokens + estimate.output_tokens[0],
        round(estimate.money[0], 6),
        round(estimate.money[1], 6),
        round(estimate.seconds[0], 1),
        estimate.basis,
    )


def _paid_estimate(what: Plan) -> Estimate | None:
    """None when this very work was done before."""
    from veritrain_lib.stage_io.preview import preview
    from veritrain_lib.stage_io.stage import prepare

    stage = prepare("generate", {"task": str(what.task.path), **what.parameters}, inner=True)
    if runs.finished(what.task, stage.digest) is not None:
        return None
    shown = preview(stage)
    if shown.what is None:
        raise Conflict(shown.said)
    likely, _ = shown.what.estimate.money
    if likely > max(shown.money - shown.what.spent, 0.0):
        raise OutOfMoney(shown.said)
    return shown.what.estimate


def _seconds(task: Task) -> tuple[float, str]:
    query = RunQuery(
        tags={"veritrain.stage": ["generate"], "veritrain.task": [task.name]}, statuses=["FINISHED"]
    )
    seen, _ = runs_page(query, limit=5)
    took = [(run.info.end_time - run.info.start_time) / 1000 for run in seen if run.info.end_time]
    if not took:
        return SECONDS, "a rule of thumb, no earlier generation"
    return round(median(took), 1), f"the median of {len(took)} earlier generation(s)"


def begin(what: Plan, by: str) -> str:
    """Open the run that will do it, of a task that the record knows from now on. Gives its id."""
    return runs.open_run(
        remember(what.task),
        f"generation · {what.parameters['rows']} rows",
        kind="generation",
        tags={PARAMETERS: json.dumps(what.parameters), "mlflow.user": by, "veritrain.by": by},
    )
