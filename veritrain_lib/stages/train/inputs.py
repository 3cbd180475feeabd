"""Inputs of the train stage: the dataset to train on, and digests of all else that decides the trained model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from veritrain_lib.core.task import Task
from veritrain_lib.stages.base import Inputs
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.inputs.defaults import resolve_passed_dataset
from veritrain_lib.trainers.base import open_trainer, trainer_of

PARAMETERS: Mapping[str, Any] = {"dataset": "", "seed": 0}


def resolve(task: Task, parameters: Mapping[str, Any]) -> Inputs:
    """Find the dataset to train on; if none is named, the newest that passed the gate.

    Args:
        task: The task.
        parameters: The values of the notebook parameters, by name.

    Returns:
        The dataset, with the digests of all that decides the trained model.

    Raises:
        MissingInput: when no dataset is named and none has passed the gate.
        UserError: when the dataset that was named does not exist.
        Refused: when no dataset is named, and the gate blocked the seed rows of a task without any passed dataset.
    """
    dataset = resolve_passed_dataset(task, parameters["dataset"])
    content = {
        "dataset": dataset.digest,
        "status": dataset.status,
        "task": task.digest("inputs", "target", "glossary", "contract", "slices", "trainer", "metrics"),
        "data": task.data_digest("development"),
        "set_aside": sources.all_set_aside(task),
    }
    if is_paid(task):
        # A chat model is trained on the prompts that it is later asked with.
        content["asked"] = task.digest("description", "prompts")
    content |= ingredients(task)
    return Inputs({"dataset": dataset.reference}, content, {"dataset": dataset})


def is_paid(task: Task) -> bool:
    """Return whether training with the task's trainer costs money."""
    return trainer_of(task).paid


def ingredients(task: Task) -> dict[str, str]:
    """Return digests, by name, of what a training reads besides rows, parameters and code, such as base models."""
    return open_trainer(task).ingredients(task)
