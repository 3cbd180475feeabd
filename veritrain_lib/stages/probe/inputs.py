"""Inputs of the probe stage: the model to probe, and further models to compare it with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from veritrain_lib.core.task import Task
from veritrain_lib.stages.base import Inputs
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.inputs.defaults import resolve_model
from veritrain_lib.tracking import models

PARAMETERS: Mapping[str, Any] = {
    "model": "",
    "models": "",
    "rows": 240,
    "extra_rows": 40,
    "seed": 0,
}


def resolve(task: Task, parameters: Mapping[str, Any]) -> Inputs:
    """Find the model to probe and the further models to compare it with.

    The notebook parameter `model` is an address; empty means the champion, or the newest model if there is no champion.
    `models` holds further addresses, separated by commas; these models are probed too and shown on the same card.

    Args:
        task: The task.
        parameters: The values of the notebook parameters, by name.

    Returns:
        The addresses of the models, with the digests of all that decides what is measured.

    Raises:
        MissingInput: when no model is named and the task has none.
        UserError: when a registered model that was named does not exist.
    """
    uri = resolve_model(task, parameters["model"])
    addresses = [address.strip() for address in parameters["models"].split(",") if address.strip()]
    others = [
        address
        for address in dict.fromkeys(resolve_model(task, address) for address in addresses)
        if address != uri
    ]
    content = {
        "model": models.identity(task, uri),
        "task": task.digest("inputs", "target", "contract", "metrics"),
        "data": task.data_digest("development"),
        "set_aside": sources.all_set_aside(task),
    }
    if others:
        content["models"] = json.dumps([[address, models.identity(task, address)] for address in others])
    return Inputs({"model": uri, "models": ", ".join(others)}, content, {"others": others})
