"""Copy of an experiment's request with changed values, for `POST /experiments/{id}/clone`."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter, ValidationError

from veritrain_lib.loop import experiment_run
from veritrain_lib.server.http.casing import to_snake_case
from veritrain_lib.server.http.problems import WrongField
from veritrain_lib.server.resources.experiments.schemas import ExperimentCreateRequest
from veritrain_lib.server.resources.experiments.serialize import serialize_experiments
from veritrain_lib.server.resources.experiments.validation import refuse_deep
from veritrain_lib.tracking.entities import Run


def cloned_request(run: Run, modifications: dict[str, Any]) -> ExperimentCreateRequest:
    """Return the request that created an experiment, with changed values, as a request for a new experiment.

    Args:
        run: MLflow run of the experiment.
        modifications: New values by the keys of a request for an experiment, in camelCase or snake_case. The new
            `config` is merged into the old one; null removes one of its keys.

    Raises:
        WrongField: A modification is not valid.
    """
    item, request = serialize_experiments([run])[0], experiment_run.request_of(run)
    content: dict[str, Any] = {
        "name": f"{item.name[:190]} (copy)", "task": item.task, "base_model_id": item.base_model_id,
        "adapter_id": item.adapter_id, "dataset_id": item.dataset_id,
        "direction": request.direction if request else None, "config": request.config if request else {},
    }  # fmt: skip
    refuse_deep(modifications, "body.modifications")
    changes = to_snake_case(modifications)
    config = changes.pop("config", None)
    content |= changes
    if isinstance(config, dict):
        content["config"] = _merged(content["config"], config)
    elif config is not None:
        raise WrongField("body.modifications.config", "config must be an object")
    try:
        return TypeAdapter(ExperimentCreateRequest).validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(step) for step in first["loc"])
        raise WrongField(f"body.modifications.{path}", f"{path}: {first['msg']}") from error


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration updated with new values; objects in both are merged key by key."""
    merged = dict(old)
    for key, value in new.items():
        old_value = merged.get(key)
        merged[key] = (
            _merged(old_value, value) if isinstance(old_value, dict) and isinstance(value, dict) else value
        )
    return merged
