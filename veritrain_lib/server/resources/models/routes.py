"""Routes of /api/v1/models: list, register, probe and delete models, and change their status."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from veritrain_lib.server.http.current_user import current_principal
from veritrain_lib.server.http.paging import Filtering, Paging, envelope
from veritrain_lib.server.http.problems import Conflict, WrongField
from veritrain_lib.server.resources.models.evaluations import evaluations_of, summary_of
from veritrain_lib.server.resources.models.prompts import prompts_of
from veritrain_lib.server.resources.models.query import models_query, requested_sorting
from veritrain_lib.server.resources.models.registration import register_model
from veritrain_lib.server.resources.models.schemas import (
    BaselineProbe,
    ModelCreateRequest,
    ModelDetail,
    ModelEvaluations,
    ModelItem,
    ModelPage,
    ModelStatusRequest,
    ProbeRequest,
    Status,
)
from veritrain_lib.server.resources.models.serialize import model_items
from veritrain_lib.server.resources.models.versions import (
    BASE,
    STATUS,
    address_of,
    find_version,
    require_version,
    task_name_of,
)
from veritrain_lib.tracking import registered_models
from veritrain_lib.tracking.version_listing import VersionQuery, versions_page

router = APIRouter(tags=["models"])


@router.get("/models", response_model=ModelPage, summary="List models")
def list_models(
    paging: Paging, filters: Filtering, sorting: Annotated[tuple[str, bool], Depends(requested_sorting)]
) -> Any:
    """List models, newest first by default. A model is a version of an MLflow registered model."""
    versions, total = versions_page(models_query(filters, *sorting), offset=paging.offset, limit=paging.size)
    return envelope(model_items(versions), total, paging)


@router.post("/models", response_model=ModelItem, status_code=201, summary="Register a model")
def create_model(model: ModelCreateRequest, request: Request) -> Any:
    """Register a model as the next version of the registered model of that name.

    With `config.address`, the model can be opened there; without it, only the model's name is registered. The response
    is 403 if the model is in a folder outside the project and the user is not an admin.
    """
    model_id = register_model(model, current_principal(request).role)
    return model_items([require_version(model_id)])[0]


@router.get("/models/{model_id}", response_model=ModelDetail, summary="Get a model")
def get_model(model_id: str) -> Any:
    """Return a model with the prompts of its task and a summary of its evaluations."""
    item = require_version(model_id)
    model = model_items([item])[0]
    return ModelDetail(
        **dict(model),
        prompt_contracts=prompts_of(task_name_of(item), model.id),
        evaluation_summary=summary_of(item),
    )


@router.post("/models/{model_id}/probe", response_model=BaselineProbe, summary="Probe a model")
def probe_model(model_id: str, request: ProbeRequest | None = None) -> Any:
    """Return what a model can do, measured by the probe stage on rows of the model's task.

    A stored result is returned at once; otherwise the response comes when the probe has ended. The response is 409 if
    the model can't be opened or its task is not known to this server.
    """
    from veritrain_lib.server.resources.models.probing import probe_in_subprocess

    return probe_in_subprocess(model_id, request.test_cases if request else [])


@router.get(
    "/models/{model_id}/evaluations",
    response_model=ModelEvaluations,
    summary="List the evaluations of a model",
)
def list_model_evaluations(model_id: str) -> Any:
    """List the newest 100 evaluations of a model, newest first.

    Metrics that its task does not have are absent.
    """
    return evaluations_of(require_version(model_id))


@router.patch("/models/{model_id}/status", response_model=ModelItem, summary="Change a model's status")
def change_status(
    model_id: str, status: Annotated[Status | None, Query()] = None, request: ModelStatusRequest | None = None
) -> Any:
    """Change the status of a model.

    The status can be in the query or in the body; the body takes precedence. The response is 422 if neither has it.
    """
    new_status = request.status if request else status
    if new_status is None:
        raise WrongField("body.status", "a status is needed, in the query or in the body")
    item = require_version(model_id)
    registered_models.retag(item.version.name, item.version.version, {STATUS: new_status}, item.description)
    return model_items([require_version(model_id)])[0]


@router.delete("/models/{model_id}", status_code=204, response_class=Response, summary="Delete a model")
def delete_model(model_id: str) -> None:
    """Delete a model version. The response is 204 also if there is no such model.

    The response is 409 if an alias points to the model or an adapter is based on it.
    """
    item = find_version(model_id)
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
