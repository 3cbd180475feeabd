"""Routes of /api/v1/models: list, register, probe and delete models."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from veritrain_lib.core import project, registry
from veritrain_lib.core.errors import UserError
from veritrain_lib.server.api.model_query import models_query, requested_sorting
from veritrain_lib.server.api.model_schemas import (
    ModelCreateRequest,
    ModelDetail,
    ModelPage,
    ModelStatusRequest,
    ProbeRequest,
)
from veritrain_lib.server.api.paging import Filtering, Paging, envelope
from veritrain_lib.server.api.problems import Conflict, NotAllowed, NotFound, WrongField
from veritrain_lib.server.auth.path_policy import is_outside_project
from veritrain_lib.server.auth.principal import current_principal
from veritrain_lib.server.serializers.evaluation_of_model import ModelEvaluations, evaluations_of, summary_of
from veritrain_lib.server.serializers.ids import model_id, model_uri, parse_model_id
from veritrain_lib.server.serializers.model import (
    BASE,
    CONFIG,
    METADATA,
    NAME_ONLY,
    STATUS,
    TASK,
    TYPE,
    ModelItem,
    Status,
    address_of,
    model_items,
    task_name_of,
)
from veritrain_lib.server.serializers.probe import BaselineProbe
from veritrain_lib.server.serializers.prompt import prompts_of
from veritrain_lib.tracking import models as registered
from veritrain_lib.tracking import registered_models
from veritrain_lib.tracking.version_listing import VersionItem, VersionQuery, read_version, versions_page

router = APIRouter(tags=["models"])

MAX_CONFIG_LENGTH = 20_000
"""Maximum number of characters of a model's configuration as JSON."""


@router.get("/models", response_model=ModelPage, summary="List models")
def list_models(
    paging: Paging, filters: Filtering, sorting: Annotated[tuple[str, bool], Depends(requested_sorting)]
) -> Any:
    """List models, newest first by default. A model is a version of a registered model."""
    versions, total = versions_page(models_query(filters, *sorting), offset=paging.offset, limit=paging.size)
    return envelope(model_items(versions), total, paging)


@router.post("/models", response_model=ModelItem, status_code=201, summary="Register a model")
def create_model(model: ModelCreateRequest, request: Request) -> Any:
    """Register a base model, or a model at an address, as the next version of the registered model of that name.

    403 for an address in a folder outside the project, unless an admin registers it.
    """
    name = model.name.strip()
    if name == "":
        raise WrongField("body.name", "a name needs at least one letter")
    try:
        registered_models.check_name(name)
    except UserError as error:
        raise WrongField("body.name", str(error)) from error
    address = _address(model.config)
    role = current_principal(request).role
    for field, path in (("config.address", address), ("base_model_id", model.base_model_id or "")):
        if role != "admin" and is_outside_project(path):
            raise NotAllowed(
                f"body.{field}",
                f"{path} is outside the project's folder {project.root()}; give an absolute path in it, or ask an admin to "
                f"register it (you are {role})",
            )
    tags = {TYPE: model.type, STATUS: model.status, "veritrain.filed": "api"}
    if model.base_model_id:
        tags[BASE] = _base_uri(model.base_model_id)
    if address:
        tags[registered.ADDRESS] = address
    task = model.config.get("task")
    if task is not None and not (isinstance(task, str) and task):
        raise WrongField("body.config.task", "the name of a task is a text")
    if task:
        tags[TASK] = task
    extra_config = {key: value for key, value in model.config.items() if key not in ("address", "task")}
    for field, tag, content in (
        ("config", CONFIG, extra_config),
        ("metadata", METADATA, model.metadata.model_dump(exclude_none=True)),
    ):
        text = json.dumps(content, ensure_ascii=False)
        if len(text) > MAX_CONFIG_LENGTH:
            raise WrongField(
                f"body.{field}", f"{field} has {len(text)} characters as JSON; at most {MAX_CONFIG_LENGTH}"
            )
        if content:
            tags[tag] = text
    version = registered_models.add(name, address or f"{NAME_ONLY}{name}", tags, model.metadata.source or "")
    return model_items([_version(model_id(name, version))])[0]


def _address(config: dict[str, Any]) -> str:
    """Return the address in a configuration, with aliases resolved to a version number; empty if there is none."""
    address = config.get("address")
    field = "body.config.address"
    if address is None or address == "":
        return ""
    if not isinstance(address, str) or len(address) > 1000:
        raise WrongField(
            field, "an address is a text of at most 1000 characters, such as openai:/gpt-4.1-mini"
        )
    scheme, colon, rest = address.partition(":")
    if scheme in ("models", "runs") and colon:
        if scheme == "models" and (fixed_uri := registered.resolve_version_uri(address)) is not None:
            return fixed_uri
        raise WrongField(
            field, f"there is no model {address}; write models:/NAME/VERSION or models:/NAME@ALIAS"
        )
    schemes = [name for name in registry.names("models") if name != "mlflow"]
    if not colon or not rest or scheme not in schemes:
        known_schemes = ", ".join(f"{name}:" for name in schemes)
        raise WrongField(
            field, f"{address!r} is not a model address; it must begin with models: or one of {known_schemes}"
        )
    if scheme in ("openai", "azure"):
        from veritrain_lib.models.chat_settings import ChatSettings

        try:
            ChatSettings.read(address)
        except UserError as error:
            raise WrongField(field, str(error)) from error
    return address


def _base_uri(base: str) -> str:
    """Return the URI of a base model, given its id or a URI."""
    if ":" in base:
        return base
    item = _find_version(base)
    if item is None:
        raise WrongField("body.base_model_id", f"there is no model {base!r}")
    return model_uri(base)


@router.get("/models/{model_id}", response_model=ModelDetail, summary="Get a model")
def get_model(model_id: str) -> Any:
    """Return a model with its task's prompts and a summary of its evaluations."""
    item = _version(model_id)
    model = model_items([item])[0]
    return ModelDetail(
        **dict(model),
        prompt_contracts=prompts_of(task_name_of(item), model.id),
        evaluation_summary=summary_of(item),
    )


@router.post("/models/{model_id}/probe", response_model=BaselineProbe, summary="Probe a model")
def probe_model(model_id: str, request: ProbeRequest | None = None) -> Any:
    """Run the probe stage of the model's task by its notebook; an earlier result is returned at once.

    409 if the model can't be opened or its task is not known to this server.
    """
    from veritrain_lib.server.probe_work import probe_in_subprocess

    return probe_in_subprocess(model_id, request.test_cases if request else [])


@router.get(
    "/models/{model_id}/evaluations",
    response_model=ModelEvaluations,
    summary="List the evaluations of a model",
)
def list_model_evaluations(model_id: str) -> Any:
    """List the newest 100 evaluations, newest first. Metrics that the task does not have are absent."""
    return evaluations_of(_version(model_id))


@router.patch("/models/{model_id}/status", response_model=ModelItem, summary="Change a model's status")
def change_status(
    model_id: str, status: Annotated[Status | None, Query()] = None, request: ModelStatusRequest | None = None
) -> Any:
    """Change the status of a model.

    The status is in the query or in the body; the body takes precedence.
    """
    new_status = request.status if request else status
    if new_status is None:
        raise WrongField("body.status", "a status is needed, in the query or in the body")
    item = _version(model_id)
    registered_models.retag(item.version.name, item.version.version, {STATUS: new_status}, item.description)
    return model_items([_version(model_id)])[0]


@router.delete("/models/{model_id}", status_code=204, response_class=Response, summary="Delete a model")
def delete_model(model_id: str) -> None:
    """Delete a model; also 204 if there is no such model.

    409 if an alias points to the model or an adapter is based on it.
    """
    item = _find_version(model_id)
    if item is None:
        return
    if item.aliases:
        raise Conflict(
            f"{model_id} is the {' and the '.join(item.aliases)} of {item.version.name}; point the alias to another "
            "version first (on MLflow's page of the model, or by a round that promotes another one)"
        )
    adapters = versions_page(VersionQuery(tags={BASE: [address_of(item)]}), limit=1)[0]
    if adapters:
        adapter = adapters[0].version
        raise Conflict(
            f"{adapter.name}-{adapter.version} is an adapter of {model_id}; delete the adapter first"
        )
    registered_models.remove(item.version.name, item.version.version)


def _version(model_id: str) -> VersionItem:
    item = _find_version(model_id)
    if item is None:
        raise NotFound(f"there is no model {model_id!r}")
    return item


def _find_version(model_id: str) -> VersionItem | None:
    """Return the version of an id; None if it does not exist or belongs to a prompt."""
    try:
        item = read_version(*parse_model_id(model_id))
    except NotFound:
        return None
    return None if item is None or registered_models.PROMPT_TAG in item.version.tags else item
