"""What a client asks of an experiment, checked against the record before anything is stored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict, Field

from veritrain_lib.core import registry
from veritrain_lib.core.errors import UserError
from veritrain_lib.loop.experiment_run import Request
from veritrain_lib.server.api.casing import Given, snake_keys
from veritrain_lib.server.api.problems import NotFound, WrongField
from veritrain_lib.server.serializers.ids import id_of_uri, parse_model_id
from veritrain_lib.server.serializers.task import task_named
from veritrain_lib.server.serializers.tasks import fixed_direction
from veritrain_lib.stage_io.accepted_rows import accepted
from veritrain_lib.tracking import datasets, listing, models, runs, version_listing

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task

LORA_NAMES = {
    "r": "rank", "lora_r": "rank", "lora_alpha": "alpha", "lora_dropout": "dropout", "target_modules": "modules",
    "modules_to_save": "also",
}  # fmt: skip
"""peft's names of what our trainers call otherwise."""

DEEPEST = 30
"""Levels of a configuration."""

FOLLOWED = ("training_recipe", "seed", "dataset_version")
"""Keys of a configuration that are understood; any other, if it is given, is answered as unsupported."""


class ConfigGiven(Given):
    """How to train. Keys that nothing here can follow are kept and answered as `unsupported_config`."""

    model_config = ConfigDict(extra="allow")

    training_recipe: dict[str, Any] | None = None
    seed: int | None = Field(default=None, ge=0, le=2**31 - 1)
    dataset_version: int | str | None = None
    prompt_contract_id: str | None = None
    environment: Any = None


class ExperimentGiven(Given):
    """A new experiment: train on a dataset, compare with the base model. `direction` None is the task's own.

    Without `base_model_id` it is compared with the task's champion; where there is none yet, the experiment first trains
    the seed model, as the loop does: the task's own rows through the gate, and a model of what passed.
    """

    name: str = Field(min_length=1, max_length=200)
    task: str = Field(min_length=1, max_length=200)
    direction: str | None = Field(default=None, max_length=40)
    base_model_id: str | None = Field(default=None, max_length=300)
    adapter_id: str | None = Field(default=None, max_length=300)
    dataset_id: str = Field(max_length=64)
    config: ConfigGiven = Field(default_factory=ConfigGiven)


def checked(given: ExperimentGiven) -> tuple[Task, Request]:
    """The task and the request. Raises WrongField for the first thing that the record knows better."""
    _refuse_unspeakable(given)
    task = task_named(given.task)
    base, champion = _base(task, given.base_model_id)
    unsupported = []
    if given.adapter_id:
        _model(task, given.adapter_id, "body.adapter_id")
        unsupported.append("adapter_id")  # no trainer goes on from an adapter: each begins at its base
    config = {key: value for key, value in given.config.model_dump().items() if value is not None}
    config = snake_keys(config)
    _dataset(task, given.dataset_id, config.get("dataset_version"))
    trainer, recipe = _recipe(task, config.get("training_recipe") or {})
    unsupported += recipe + sorted(key for key in config if key not in FOLLOWED)
    own = fixed_direction(task)
    if given.direction and own and given.direction != own:
        raise WrongField("body.direction", f"task {task.name} goes {own}, not {given.direction!r}")
    return task, Request(
        direction=given.direction or own or task.name,
        base_model_id=base,
        adapter_id=given.adapter_id or None,
        dataset_id=given.dataset_id,
        champion=champion,
        seed=task.seed if given.config.seed is None else given.config.seed,
        trainer=trainer,
        config=config,
        unsupported_config=unsupported,
    )


def run_of(given: str) -> runs.Run | None:
    """The run of an id, None when there is none (a name of no id is none)."""
    if not (given.isascii() and given.isalnum() and len(given) <= 64):
        return None
    return listing.read_runs([given]).get(given)


def refuse_deep(value: Any, field: str) -> None:
    """Raise WrongField for a value that is nested deeper than `DEEPEST`: walking it would end in a broken stack."""
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise WrongField(field, f"the value is nested more than {DEEPEST} levels deep")
        inner: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                inner += one.values()
            elif isinstance(one, list):
                inner += one
        level = inner


def _refuse_unspeakable(given: ExperimentGiven) -> None:
    """Text that no database or answer can hold is refused before anything is asked of either."""
    refuse_deep(given.model_dump(), "body")
    try:
        text = json.dumps(given.model_dump(), allow_nan=False)
        json.dumps(given.model_dump(), ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise WrongField("body", f"the body holds what JSON or Unicode can't say: {error}") from error
    if "\\u0000" in text:
        raise WrongField("body", "the body holds a NUL character")


def _base(task: Task, given: str | None) -> tuple[str, str]:
    """Id and address of the model to compare with; two empty texts where the experiment has to make it."""
    if given:
        return given, _model(task, given, "body.base_model_id")
    champion = models.by_alias(task, models.CHAMPION)
    return (id_of_uri(champion.uri), champion.uri) if champion else ("", "")


def _model(task: Task, given: str, field: str) -> str:
    """The address of a model that can answer the task."""
    try:
        name, version = parse_model_id(given)
    except NotFound as error:
        raise WrongField(field, str(error)) from error
    found = version_listing.read_version(name, version)
    if found is None:
        raise WrongField(field, f"there is no model {given!r}")
    tags = found.version.tags
    bound = tags.get("veritrain.task") or (name if "veritrain.model.digest" in tags else "")
    if bound and bound != task.name:
        raise WrongField(field, f"model {given} answers task {bound}, not {task.name}")
    address = tags.get("veritrain.address", "")
    # A version that was only registered stands for the address it names; one that was trained here is its own.
    return address if address and "veritrain.model.digest" not in tags else f"models:/{name}/{version}"


def _dataset(task: Task, given: str, version: object) -> None:
    field = "body.dataset_id"
    run = run_of(given)
    if run is None or f"{datasets.PREFIX}version" not in run.data.tags:
        raise WrongField(field, f"there is no dataset {given!r}")
    of_task = run.data.tags.get(f"{datasets.PREFIX}name")
    if of_task != task.name:
        raise WrongField(field, f"dataset {given} is of task {of_task}, not {task.name}")
    try:
        reference = accepted(task, run)
    except UserError as error:
        raise WrongField(field, str(error)) from error
    versions = {run.data.tags[f"{datasets.PREFIX}version"], reference.rpartition("@")[2]}
    if version is not None and str(version) not in versions:
        raise WrongField(
            "body.config.dataset_version",
            f"dataset {given} is version {' and '.join(sorted(versions))}, not {version}",
        )


def _recipe(task: Task, recipe: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """What of a recipe the task's trainer follows, and the names of what it can't."""
    kind = registry.get("trainers", task.trainer.name)
    # Some are capital letters, as scikit-learn has them.
    names = {str(name).lower(): str(name) for name in getattr(kind, "parameter_names", ())}
    follows: dict[str, Any] = {}
    unsupported: list[str] = []
    wanted = {f"training_recipe.{key}": (key, value) for key, value in recipe.items() if key != "lora_config"}
    lora = recipe.get("lora_config")
    if isinstance(lora, Mapping):
        wanted |= {
            f"training_recipe.lora_config.{key}": (LORA_NAMES.get(str(key), str(key)), value)
            for key, value in lora.items()
        }
    elif lora is not None:
        unsupported.append("training_recipe.lora_config")
    for path, (name, value) in wanted.items():
        if value is None:
            continue
        if name.lower() in names:
            follows[names[name.lower()]] = value
        else:
            unsupported.append(path)
    if follows:
        try:
            kind(**{**task.trainer.parameters, **follows})
        except UserError as error:
            raise WrongField("body.config.training_recipe", str(error)) from error
    return follows, unsupported
