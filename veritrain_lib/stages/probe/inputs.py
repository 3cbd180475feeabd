"""Inputs of the probe stage: the model to probe, and the models to compare it with. Finding them does no work."""

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
    """Find the model and the models to compare it with.

    The parameter `model` is an address; empty means the champion, and where there is none the newest model.
    `models` are further addresses, separated by commas, that are probed too and shown beside it on the card.
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
