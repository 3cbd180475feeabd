"""Routes of /api/v1: models."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from veritrain_lib.core import project, registry
from veritrain_lib.core.errors import UserError
from veritrain_lib.server.api.model_query import models_query, sorting_asked
from veritrain_lib.server.api.model_schemas import ModelDetail, ModelGiven, ModelPage, ProbeGiven, StatusGiven
from veritrain_lib.server.api.paging import Filtering, Paging, envelope
from veritrain_lib.server.api.problems import Conflict, NotAllowed, NotFound, WrongField
from veritrain_lib.server.auth.path_policy import is_foreign
from veritrain_lib.server.auth.principal import current_caller
from veritrain_lib.server.serializers.evaluation_of_model import ModelEvaluations, evaluations_of, summary_of
from veritrain_lib.server.serializers.ids import model_id, model_uri, parse_model_id
from veritrain_lib.server.serializers.model import (
    BASE,
    CONFIG,
    ENTRY,
    METADATA,
    STATUS,
    TASK,
    TYPE,
    ModelItem,
    Status,
    address_of,
    model_items,
    task_of,
)
from veritrain_lib.server.serializers.probe import Probed
from veritrain_lib.server.serializers.prompt import prompts_of
from veritrain_lib.tracking import models as registered
from veritrain_lib.tracking import registered_models
from veritrain_lib.tracking.version_listing import VersionItem, VersionQuery, read_version, versions_page

router = APIRouter(tags=["models"])

LONGEST_CONFIG = 20_000
"""Characters of a model's configuration as JSON."""


@router.get("/models", response_model=ModelPage, summary="List models")
def list_models(
    asked: Paging, filters: Filtering, sorting: Annotated[tuple[str, bool], Depends(sorting_asked)]
) -> Any:
    """The newest first unless asked otherwise. A model is a version of a registered model."""
    versions, total = versions_page(models_query(filters, *sorting), offset=asked.offset, limit=asked.size)
    return envelope(model_items(versions), total, asked)


@router.post("/models", response_model=ModelItem, status_code=201, summary="File a model")
def create_model(given: ModelGiven, request: Request) -> Any:
    """Files a base, or a model that lives at an address, as the next version of the registered model of that name.

    403 for an address in a folder outside the project, unless an admin files it.
    """
    name = given.name.strip()
    if name == "":
        raise WrongField("body.name", "a name has a letter or more")
    try:
        registered_models.check_name(name)
    except UserError as error:
        raise WrongField("body.name", str(error)) from error
    address = _address(given.config)
    role = current_caller(request).role
    for field, place in (("config.address", address), ("base_model_id", given.base_model_id or "")):
        if role != "admin" and is_foreign(place):
            raise NotAllowed(
                f"body.{field}",
                f"{place} is outside the project's folder {project.root()}; give an absolute path in it, or ask an admin to "
                f"file it (you are {role})",
            )
    tags = {TYPE: given.type, STATUS: given.status, "veritrain.filed": "api"}
    if given.base_model_id:
        tags[BASE] = _base(given.base_model_id)
    if address:
        tags[registered.ADDRESS] = address
    task = given.config.get("task")
    if task is not None and not (isinstance(task, str) and task):
        raise WrongField("body.config.task", "the name of a task is a text")
    if task:
        tags[TASK] = task
    kept = {key: one for key, one in given.config.items() if key not in ("address", "task")}
    for field, tag, content in (
        ("config", CONFIG, kept),
        ("metadata", METADATA, given.metadata.model_dump(exclude_none=True)),
    ):
        text = json.dumps(content, ensure_ascii=False)
        if len(text) > LONGEST_CONFIG:
            raise WrongField(
                f"body.{field}", f"{field} has {len(text)} characters as JSON; at most {LONGEST_CONFIG}"
            )
        if content:
            tags[tag] = text
    version = registered_models.add(name, address or f"{ENTRY}{name}", tags, given.metadata.source or "")
    return model_items([_version(model_id(name, version))])[0]


def _address(config: dict[str, Any]) -> str:
    """The address in a configuration, a version's number fixed; empty when there is none."""
    given = config.get("address")
    field = "body.config.address"
    if given is None or given == "":
        return ""
    if not isinstance(given, str) or len(given) > 1000:
        raise WrongField(
            field, "an address is a text of at most 1000 characters, such as openai:/gpt-4.1-mini"
        )
    scheme, colon, place = given.partition(":")
    if scheme in ("models", "runs") and colon:
        if scheme == "models" and (found := registered.fixed(given)) is not None:
            return found
        raise WrongField(
            field, f"there is no model {given}; write models:/NAME/VERSION or models:/NAME@ALIAS"
        )
    schemes = [name for name in registry.names("models") if name != "mlflow"]
    if not colon or not place or scheme not in schemes:
        known = ", ".join(f"{name}:" for name in schemes)
        raise WrongField(field, f"{given!r} is no model address; it begins with models: or one of {known}")
    if scheme in ("openai", "azure"):
        from veritrain_lib.models.chat_settings import ChatSettings

        try:
            ChatSettings.read(given)
        except UserError as error:
            raise WrongField(field, str(error)) from error
    return given


def _base(given: str) -> str:
    """The address of the base that an id or an address means."""
    if ":" in given:
        return given
    one = _find(given)
    if one is None:
        raise WrongField("body.base_model_id", f"there is no model {given!r}")
    return model_uri(given)


@router.get("/models/{model_id}", response_model=ModelDetail, summary="One model")
def get_model(model_id: str) -> Any:
    """With its task's prompts and what its evaluations say."""
    one = _version(model_id)
    item = model_items([one])[0]
    return ModelDetail(
        **dict(item), prompt_contracts=prompts_of(task_of(one), item.id), evaluation_summary=summary_of(one)
    )


@router.post("/models/{model_id}/probe", response_model=Probed, summary="Probe a model")
def probe_model(model_id: str, given: ProbeGiven | None = None) -> Any:
    """Runs the probe stage on the model's task by its notebook; what was done before is answered at once.

    409 when nothing opens the model or its task is not known here.
    """
    from veritrain_lib.server.probe_work import probe_apart

    return probe_apart(model_id, given.test_cases if given else [])


@router.get(
    "/models/{model_id}/evaluations", response_model=ModelEvaluations, summary="A model's evaluations"
)
def list_model_evaluations(model_id: str) -> Any:
    """The newest 100, first the newest. Metrics that the task does not have are absent."""
    return evaluations_of(_version(model_id))


@router.patch("/models/{model_id}/status", response_model=ModelItem, summary="Change a model's status")
def change_status(
    model_id: str, status: Annotated[Status | None, Query()] = None, given: StatusGiven | None = None
) -> Any:
    """The status comes in the query or in the body; the body wins."""
    wanted = given.status if given else status
    if wanted is None:
        raise WrongField("body.status", "a status is needed, in the query or in the body")
    one = _version(model_id)
    registered_models.retag(one.version.name, one.version.version, {STATUS: wanted}, one.description)
    return model_items([_version(model_id)])[0]


@router.delete("/models/{model_id}", status_code=204, response_class=Response, summary="Delete a model")
def delete_model(model_id: str) -> None:
    """Also 204 when there is no such model. One that an alias points at, or that an adapter stands on, stays (409)."""
    one = _find(model_id)
    if one is None:
        return
    if one.aliases:
        raise Conflict(
            f"{model_id} is the {' and the '.join(one.aliases)} of {one.version.name}; let the alias point at another "
            "version first (MLflow's page of the model, or a round that promotes another one)"
        )
    standing = versions_page(VersionQuery(tags={BASE: [address_of(one)]}), limit=1)[0]
    if standing:
        adapter = standing[0].version
        raise Conflict(
            f"{adapter.name}-{adapter.version} is an adapter of {model_id}; delete the adapter first"
        )
    registered_models.remove(one.version.name, one.version.version)


def _version(given: str) -> VersionItem:
    one = _find(given)
    if one is None:
        raise NotFound(f"there is no model {given!r}")
    return one


def _find(given: str) -> VersionItem | None:
    """The version of an id; None for one that is not there, or is a prompt's."""
    try:
        one = read_version(*parse_model_id(given))
    except NotFound:
        return None
    return None if one is None or registered_models.PROMPT in one.version.tags else one
