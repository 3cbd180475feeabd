"""Checks of a request for a new experiment (task, dataset, base model, training recipe), before anything is stored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.loop.experiment_run import ExperimentRequest
from veritrain_lib.server.http.casing import to_snake_case
from veritrain_lib.server.http.ids import id_of_uri, parse_model_id
from veritrain_lib.server.http.problems import NotFound, WrongField
from veritrain_lib.server.http.unsupported_fields import unsupported_in_experiment
from veritrain_lib.server.resources.experiments.directions import fixed_direction
from veritrain_lib.server.resources.experiments.record import find_run
from veritrain_lib.server.resources.experiments.schemas import ExperimentCreateRequest
from veritrain_lib.server.tasks import require_task
from veritrain_lib.stages.inputs.accepted_rows import accepted_dataset
from veritrain_lib.tracking import datasets, models, version_listing
from veritrain_lib.trainers.base import trainer_of

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task

LORA_NAMES = {
    "r": "rank", "lora_r": "rank", "lora_alpha": "alpha", "lora_dropout": "dropout", "target_modules": "modules",
    "modules_to_save": "also",
}  # fmt: skip
"""Names of LoRA parameters in the library peft, with the names of the same parameters in our trainers."""

MAX_DEPTH = 30
"""Maximum number of nested levels of a configuration."""


def validate_request(experiment: ExperimentCreateRequest) -> tuple[Task, ExperimentRequest]:
    """Check a request for a new experiment and fill in defaults.

    Returns:
        The task, and the request as it will be stored.

    Raises:
        WrongField: A field is not valid, such as an unknown task, dataset or model; only the first such field is
            reported.
    """
    _refuse_unencodable(experiment)
    task = require_task(experiment.task)
    base, champion = _base(task, experiment.base_model_id)
    if experiment.adapter_id:
        _model(task, experiment.adapter_id, "body.adapter_id")
    config = {key: value for key, value in experiment.config.model_dump().items() if value is not None}
    config = to_snake_case(config)
    _dataset(task, experiment.dataset_id, config.get("dataset_version"))
    trainer, unsupported_recipe = _recipe(task, config.get("training_recipe") or {})
    ignored_fields, ignored_keys = unsupported_in_experiment(experiment.adapter_id, config)
    task_direction = fixed_direction(task)
    if experiment.direction and task_direction and experiment.direction != task_direction:
        raise WrongField(
            "body.direction",
            f"the direction of task {task.name} is {task_direction}, not {experiment.direction!r}",
        )
    return task, ExperimentRequest(
        direction=experiment.direction or task_direction or task.name,
        base_model_id=base,
        adapter_id=experiment.adapter_id or None,
        dataset_id=experiment.dataset_id,
        champion=champion,
        seed=task.seed if experiment.config.seed is None else experiment.config.seed,
        trainer=trainer,
        config=config,
        unsupported_config=[*ignored_fields, *unsupported_recipe, *ignored_keys],
    )


def refuse_deep(value: Any, field: str) -> None:
    """Reject a JSON value that is nested deeper than `MAX_DEPTH` levels, over which recursion would overflow the stack.

    Args:
        value: JSON value from a client.
        field: Path of the value in the request, for the error message.

    Raises:
        WrongField: The value is nested too deeply.
    """
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise WrongField(field, f"the value is nested more than {MAX_DEPTH} levels deep")
        next_level: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                next_level += item.values()
            elif isinstance(item, list):
                next_level += item
        level = next_level


def _refuse_unencodable(experiment: ExperimentCreateRequest) -> None:
    """Reject a request whose text can't be stored or returned: deep nesting, NaN, NUL characters, unpaired surrogates.

    Raises:
        WrongField: The request contains such a value.
    """
    refuse_deep(experiment.model_dump(), "body")
    try:
        text = json.dumps(experiment.model_dump(), allow_nan=False)
        json.dumps(experiment.model_dump(), ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise WrongField(
            "body", f"the body contains what JSON or Unicode can't represent: {error}"
        ) from error
    if "\\u0000" in text:
        raise WrongField("body", "the body contains a NUL character")


def _base(task: Task, base_model_id: str | None) -> tuple[str, str]:
    """Return the id and the address of the model to compare with: the requested one, else the task's champion.

    Returns:
        Two empty strings if there is no champion, so that the experiment has to train one first.
    """
    if base_model_id:
        return base_model_id, _model(task, base_model_id, "body.base_model_id")
    champion = models.by_alias(task, models.CHAMPION)
    return (id_of_uri(champion.uri), champion.uri) if champion else ("", "")


def _model(task: Task, model: str, field: str) -> str:
    """Return the address of a model by its API id.

    Args:
        task: Task that the model must be able to answer.
        model: API id of the model.
        field: Field of the request that names it, for the error message.

    Raises:
        WrongField: There is no such model, or it answers another task.
    """
    try:
        name, version = parse_model_id(model)
    except NotFound as error:
        raise WrongField(field, str(error)) from error
    version_item = version_listing.read_version(name, version)
    if version_item is None:
        raise WrongField(field, f"there is no model {model!r}")
    tags = version_item.version.tags
    bound_task = tags.get("veritrain.task") or (name if "veritrain.model.digest" in tags else "")
    if bound_task and bound_task != task.name:
        raise WrongField(field, f"model {model} answers task {bound_task}, not {task.name}")
    address = tags.get("veritrain.address", "")
    # A version that was only registered stands for the address in its tag; one that was trained here is used itself.
    return address if address and "veritrain.model.digest" not in tags else f"models:/{name}/{version}"


def _dataset(task: Task, dataset_id: str, version: object) -> None:
    """Check that an experiment can train on a dataset.

    The dataset must belong to the task, have passed the quality gate, and have the version that the client names, if
    any.

    Raises:
        WrongField: One of these does not hold; the message says which.
    """
    field = "body.dataset_id"
    run = find_run(dataset_id)
    if run is None or f"{datasets.PREFIX}version" not in run.data.tags:
        raise WrongField(field, f"there is no dataset {dataset_id!r}")
    of_task = run.data.tags.get(f"{datasets.PREFIX}name")
    if of_task != task.name:
        raise WrongField(field, f"dataset {dataset_id} is of task {of_task}, not {task.name}")
    try:
        reference = accepted_dataset(task, run)
    except UserError as error:
        raise WrongField(field, str(error)) from error
    versions = {run.data.tags[f"{datasets.PREFIX}version"], reference.rpartition("@")[2]}
    if version is not None and str(version) not in versions:
        raise WrongField(
            "body.config.dataset_version",
            f"dataset {dataset_id} is version {' and '.join(sorted(versions))}, not {version}",
        )


def _recipe(task: Task, recipe: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Split a requested training recipe into parameters of the task's trainer and unsupported ones.

    Returns:
        Supported parameters by the trainer's names, and the paths of the unsupported ones.

    Raises:
        WrongField: The trainer rejects the value of a parameter.
    """
    kind = trainer_of(task)
    # Some are capital letters, as in scikit-learn.
    names = {str(name).lower(): str(name) for name in kind.parameter_names}
    supported: dict[str, Any] = {}
    unsupported: list[str] = []
    requested = {
        f"training_recipe.{key}": (key, value) for key, value in recipe.items() if key != "lora_config"
    }
    lora = recipe.get("lora_config")
    if isinstance(lora, Mapping):
        requested |= {
            f"training_recipe.lora_config.{key}": (LORA_NAMES.get(str(key), str(key)), value)
            for key, value in lora.items()
        }
    elif lora is not None:
        unsupported.append("training_recipe.lora_config")
    for path, (name, value) in requested.items():
        if value is None:
            continue
        if name.lower() in names:
            supported[names[name.lower()]] = value
        else:
            unsupported.append(path)
    if (
        supported and task.trainer.file is None
    ):  # a user's file is run by the stages, never in the server's process
        try:
            kind(**{**task.trainer.parameters, **supported})
        except UserError as error:
            raise WrongField("body.config.training_recipe", str(error)) from error
    return supported, unsupported
