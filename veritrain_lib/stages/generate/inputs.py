"""Inputs of the generate stage: the dataset of accepted rows, and the model whose errors decide the plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import digest
from veritrain_lib.core.task import Task
from veritrain_lib.stages.base import Inputs
from veritrain_lib.stages.gate.inputs import suite_of
from veritrain_lib.stages.generate import run as generate
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.inputs.defaults import resolve_model, resolve_passed_dataset
from veritrain_lib.stages.record.batches import removal_digest
from veritrain_lib.tracking import models

if TYPE_CHECKING:
    pass


PARAMETERS: Mapping[str, Any] = {
    "dataset": "",
    "model": "",
    "teacher": "",
    "choose": "",
    "rows": 0,
    "batch": 0,
    "money": 0.0,
    "prompt": "",
    "seed": 0,
}


def resolve(task: Task, parameters: Mapping[str, Any]) -> Inputs:
    """Find the dataset of accepted rows and the model whose errors decide how many new rows each slice gets.

    Left empty, the dataset is the newest one that passed the gate, and the model is the champion.

    Args:
        task: The task.
        parameters: The values of the notebook parameters, by name.

    Returns:
        The dataset and the address of the model, with the digests of all that decides the new rows.

    Raises:
        MissingInput: when the task has no dataset that passed the gate, or no model.
        UserError: when a dataset, model, suite or teacher that was named does not exist.
        Refused: when nothing is named, and the gate blocked the seed rows.
    """
    dataset = resolve_passed_dataset(task, parameters["dataset"])
    uri = resolve_model(task, parameters["model"])
    config = config_of(task, parameters)
    prompt = generate.prompt_of(config, task)
    content = {
        "dataset": dataset.digest,
        "model": models.identity(task, uri),
        "suite": suite_of(task).digest,
        "task": task.digest("inputs", "target", "glossary", "metrics", "slices", "teacher", "trainer"),
        # The prompt is identified by its text; how much may be spent changes no row.
        "config": config.model_dump_json(exclude={"money", "prompt"}),
        "prompt": prompt.digest if prompt else "",
        "data": task.data_digest("development", "test", "pool"),
        "set_aside": sources.all_set_aside(task),
        # The answers, not the file: adding rows without an answer to it changes nothing.
        "labels": digest.of_json(sources.human_labels(task)),
    }
    removal = removal_digest(task, dataset)
    if removal:
        content["removal"] = removal
    return Inputs({"dataset": dataset.reference, "model": uri}, content, {"dataset": dataset})


def config_of(task: Task, parameters: Mapping[str, Any]) -> generate.GenerateConfig:
    """Return the parameters of the generate stage.

    The task file's value is used for each notebook parameter that is empty or 0.

    Args:
        task: The task.
        parameters: The values of the notebook parameters, by name.
    """
    return generate.GenerateConfig(
        rows=parameters["rows"] or task.budget.rows_per_round,
        teacher=parameters["teacher"] or task.teacher.name,
        choose=parameters["choose"] or task.teacher.choose,
        batch=parameters["batch"] or task.teacher.batch,
        seed=parameters["seed"],
        money=float(parameters["money"] or task.budget.money),
        prompt=parameters["prompt"],
    )


def is_paid(task: Task, parameters: Mapping[str, Any]) -> bool:
    """Return whether the stage's teacher, the source of new rows, asks a paid chat model.

    Args:
        task: The task, whose teacher is meant if the parameters name none.
        parameters: The values of the notebook parameters, by name.
    """
    return generate.prompt_of(config_of(task, parameters), task) is not None
