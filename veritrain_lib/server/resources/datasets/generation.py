"""Requests for generated training rows: checks of a request, and creation of the MLflow run that will do the work."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args

from veritrain_lib.core import registry
from veritrain_lib.server.http.problems import WrongField
from veritrain_lib.server.resources.datasets.record import find_dataset, training_reference
from veritrain_lib.server.tasks import available_tasks, require_task
from veritrain_lib.stages.inputs.tasks import remember
from veritrain_lib.tracking import runs
from veritrain_lib.tracking.dataset_facts import direction
from veritrain_lib.tracking.datasets import PREFIX

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.server.resources.datasets.requests import GenerationRequest

PARAMETERS_TAG = "veritrain.generation"
"""Tag of a run of kind `generation` that holds the parameters of the generate stage, as JSON."""


@dataclass(frozen=True)
class GenerationPlan:
    """Checked request for generated rows.

    Attributes:
        task: Task of the new rows.
        parameters: Parameters of the generate stage.
        unsupported: Parts of the request that will not be followed, each with the reason.
    """

    task: Task
    parameters: dict[str, Any]
    unsupported: list[str] = field(default_factory=list)


def plan_generation(request: GenerationRequest) -> GenerationPlan:
    """Check a client's request for generated rows and return its task and the parameters of the generate stage.

    Parts of the request that are not supported are listed in the result, not rejected.

    Raises:
        WrongField: The task, teacher, selection strategy or batch size is not valid, or the dataset that the generation
            starts from is not named or belongs to another task.
        NotFound: That dataset does not exist.
        Conflict: That dataset has not passed the quality gate.
    """
    task = _task(request)
    unsupported: list[str] = []
    # A first request may come before the task has any model: nobody is there to run the stages that make one.
    parameters: dict[str, Any] = {"rows": request.target_count, "run_upstream": True}
    if request.direction and request.direction != direction(task):
        unsupported.append(f"direction {request.direction!r}: task {task.name} is {direction(task)}")
    if request.scene and "scene" in task.columns:
        unsupported.append("scene: the plan follows the model's errors, not a scene")
    elif request.scene and request.scene != "written":
        unsupported.append(f"scene {request.scene!r}: rows of task {task.name} have no scene")
    source = request.seed_source
    if source.file:
        unsupported.append("seed_source.file: upload the file as a dataset and name its id")
    if source.type == "dataset":
        parameters["dataset"] = _seed_dataset(task, source.id)
    elif source.id:
        unsupported.append("seed_source.id: a corpus is the task's own data; use type dataset")
    _apply_strategy(task, request.strategy, parameters, unsupported)
    return GenerationPlan(task, parameters, unsupported)


def _task(request: GenerationRequest) -> Task:
    """Return the task that a request names, else the last used task of the requested language direction.

    Raises:
        WrongField: There is no such task.
    """
    tasks = available_tasks()
    tasks_of_name = [task for task in tasks if task.name == request.task]
    tasks_of_direction = [
        task for task in tasks if request.direction and direction(task) == request.direction
    ]
    return (
        (tasks_of_name or tasks_of_direction)[0]
        if tasks_of_name or tasks_of_direction
        else require_task(request.task)
    )


def _seed_dataset(task: Task, dataset_id: str | None) -> str:
    """Return the name (NAME@VERSION) of the accepted rows of the dataset that a generation starts from.

    Raises:
        WrongField: The request has no dataset id, or the dataset belongs to another task.
        NotFound: There is no such dataset.
        Conflict: The dataset has not passed the quality gate.
    """
    if not dataset_id:
        raise WrongField("body.seed_source.id", "a seed source of type dataset needs an id")
    item = find_dataset(dataset_id)
    if item.run.data.tags[f"{PREFIX}name"] != task.name:
        raise WrongField("body.seed_source.id", f"that dataset does not belong to task {task.name}")
    return training_reference(item.run)


def _apply_strategy(
    task: Task, strategy: dict[str, Any], parameters: dict[str, Any], unsupported: list[str]
) -> None:
    """Apply the request's `strategy`: add supported keys to the parameters, and others to the unsupported parts.

    Raises:
        WrongField: The value of a supported key is not valid.
    """
    from veritrain_lib.core.task import TeacherChoice

    teachers, task_model = registry.names("teachers"), task.teacher.parameters.get("model")
    choices = get_args(TeacherChoice.model_fields["choose"].annotation)
    for key, value in strategy.items():
        field = f"body.strategy.{key}"
        if key == "teacher":
            if value not in teachers:
                raise WrongField(field, f"no teacher is called {value!r}; there are: {', '.join(teachers)}")
            parameters["teacher"] = value
        elif key == "model" and value in teachers:
            parameters.setdefault("teacher", value)
        elif key == "choose":
            if value not in choices:
                raise WrongField(
                    field, f"{value!r} is not a selection strategy; there are: {', '.join(choices)}"
                )
            parameters["choose"] = value
        elif key == "batch":
            if type(value) is not int or not 1 <= value <= 100_000:
                raise WrongField(field, "must be a whole number from 1 to 100000")
            parameters["batch"] = value
        elif not (key == "model" and value == task_model):
            unsupported.append(f"strategy.{key}: {_reason_unsupported(key, task)}")


def _reason_unsupported(key: str, task: Task) -> str:
    """Return why a key of the request's `strategy` is not supported."""
    if key == "model":
        return f"the model of a teacher is set in the task file; task {task.name} has teacher {task.teacher.name}"
    return "no teacher supports it; the plan follows the model's errors"


def open_generation_run(plan: GenerationPlan, user_name: str) -> str:
    """Open the MLflow run in which a dataset will be generated, and return its id.

    The task is registered in the tracking store. The work starts later, in a background process.
    """
    return runs.open_run(
        remember(plan.task),
        f"generation · {plan.parameters['rows']} rows",
        kind="generation",
        tags={
            PARAMETERS_TAG: json.dumps(plan.parameters),
            "mlflow.user": user_name,
            "veritrain.by": user_name,
        },
    )
