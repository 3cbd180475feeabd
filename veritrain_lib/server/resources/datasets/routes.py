"""Routes of /api/v1/datasets: upload, generate, list, change, review, version and delete datasets."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from starlette.responses import JSONResponse

from veritrain_lib.server.http.casing import dual_case
from veritrain_lib.server.http.current_user import CurrentUserName
from veritrain_lib.server.http.paging import Filtering, Paging, envelope
from veritrain_lib.server.http.problems import BadState, Conflict, WrongField
from veritrain_lib.server.jobs import background
from veritrain_lib.server.resources.datasets.gate_verdict import quality_gate
from veritrain_lib.server.resources.datasets.record import find_dataset
from veritrain_lib.server.resources.datasets.requests import (
    DatasetUpdateRequest,
    DatasetVersionRequest,
    GenerationRequest,
    ReviewRequest,
)
from veritrain_lib.server.resources.datasets.schemas import (
    DatasetDetail,
    DatasetPage,
    DatasetResponse,
    GenerationEstimate,
    GenerationStarted,
    QualityGate,
    ReviewResponse,
    UploadResponse,
)
from veritrain_lib.server.resources.datasets.serialize import dataset_page, serialize_datasets
from veritrain_lib.server.resources.datasets.statistics import dataset_overview
from veritrain_lib.server.resources.datasets.upload.openapi_body import UPLOAD_BODY
from veritrain_lib.server.resources.datasets.upload.receiving import DatasetBody, read_dataset_body
from veritrain_lib.server.resources.datasets.usage import deletion_blocker, usage_history
from veritrain_lib.server.settings import stored

router = APIRouter(tags=["datasets"])


def json_response(value: Any, status: int = 200) -> JSONResponse:
    """Return a JSON response in which each multi-word key appears in snake_case and in camelCase."""
    return JSONResponse(dual_case(value), status)


def refuse_nul(**parameters: str | None) -> None:
    """Reject query parameters that contain NUL, which no database can store.

    Raises:
        WrongField: A parameter contains NUL.
    """
    for name, value in parameters.items():
        if value and "\x00" in value:
            raise WrongField(f"query.{name}", "contains a NUL character")


FilterParameter = Annotated[str | None, Query(max_length=200)]
"""Type of an optional filter in the query, of at most 200 characters."""


@router.get("/datasets", summary="List datasets, newest first", response_model=DatasetPage)
def list_datasets(
    paging: Paging,
    filters: Filtering,
    direction: FilterParameter = None,
    scene: FilterParameter = None,
    bracket_direction: Annotated[str | None, Query(alias="filters[direction]", max_length=200)] = None,
    bracket_scene: Annotated[str | None, Query(alias="filters[scene]", max_length=200)] = None,
) -> Response:
    """List the datasets of all tasks, newest first.

    `search` is a part of the name; `type` is human, synthetic or mixed; `status` is draft, passed or blocked.
    """
    direction, scene = direction or bracket_direction or "", scene or bracket_scene or ""
    refuse_nul(direction=direction, scene=scene)
    items, total = dataset_page(
        search=filters.search, type=filters.type, status=filters.status, direction=direction, scene=scene,
        offset=paging.offset, limit=paging.size,
    )  # fmt: skip
    return json_response(envelope([dual_case(item) for item in items], total, paging))


@router.post(
    "/datasets",
    summary="Upload rows, or create an empty draft",
    status_code=201,
    response_model=UploadResponse | DatasetResponse,
    openapi_extra=UPLOAD_BODY,
)
def create_dataset(
    body: Annotated[DatasetBody, Depends(read_dataset_body)], user_name: CurrentUserName
) -> Response:
    """Upload a file of rows as a dataset, or create a dataset without rows.

    A file (multipart part `file`) becomes a draft of the task whose columns it has, and the quality gate starts on it
    at once; the response holds the dataset in `data`. A JSON body creates a draft without rows, which is the response.
    """
    from veritrain_lib.server.resources.datasets.upload.drafts import create_empty_draft, store_upload

    stored.refuse_when_full()
    if body.description is not None:
        return json_response(_serialize_by_id(create_empty_draft(body.description, user_name)), 201)
    run_id, rows, notes = store_upload(body, user_name)
    background.launch(run_id)
    message = "; ".join([f"{rows} rows stored as a draft; the gate is running on them", *notes])
    return json_response(UploadResponse(code=201, message=message, data=_serialize_by_id(run_id)), 201)


@router.post(
    "/datasets/generate/estimate", summary="Estimate the cost of new rows", response_model=GenerationEstimate
)
def estimate_generation(body: GenerationRequest) -> Response:
    """Estimate the cost and duration of generating a dataset.

    No model is called and nothing is paid.
    """
    from veritrain_lib.server.resources.datasets.generation import plan_generation
    from veritrain_lib.server.resources.datasets.generation_forecast import forecast

    plan = plan_generation(body)
    estimate = forecast(plan)
    return json_response(
        GenerationEstimate(
            total_tokens=estimate.tokens, estimated_cost=estimate.cost, estimated_time=estimate.seconds,
            highest_cost=estimate.max_cost, basis=estimate.basis, unsupported=plan.unsupported,
        )
    )  # fmt: skip


@router.post(
    "/datasets/generate",
    summary="Generate new rows and run the gate on them",
    response_model=GenerationStarted,
)
def generate_dataset(body: GenerationRequest, user_name: CurrentUserName) -> Response:
    """Start the generation of a dataset of new training rows.

    The rows become a new draft, on which the quality gate then runs. The response is 409 if the likely cost is more
    than what is left of the budget.
    """
    from veritrain_lib.server.resources.datasets.generation import open_generation_run, plan_generation
    from veritrain_lib.server.resources.datasets.generation_forecast import forecast

    stored.refuse_when_full()
    plan = plan_generation(body)
    forecast(plan)
    run_id = open_generation_run(plan, user_name)
    background.launch(run_id)
    message = (
        f"{body.target_count} rows of task {plan.task.name} are being generated; then the gate runs on them"
    )
    return json_response(
        GenerationStarted(task_id=run_id, status="started", message=message, unsupported=plan.unsupported)
    )


@router.get("/datasets/{dataset_id}", summary="Get a dataset", response_model=DatasetDetail)
def read_dataset(dataset_id: str) -> Response:
    """Return a dataset with statistics of its rows, the quality gate's newest verdict, and trainings that used it."""
    item = find_dataset(dataset_id)
    verdict = quality_gate(item)
    detail = DatasetDetail(
        **dict(_serialize_by_id(dataset_id)),
        overview=dataset_overview(item.run),
        quality_gate=verdict,
        quality_gate_result=verdict,
        usage_history=usage_history(item),
    )
    return json_response(detail)


@router.patch(
    "/datasets/{dataset_id}", summary="Change the metadata of a dataset", response_model=DatasetResponse
)
def change_dataset(dataset_id: str, body: DatasetUpdateRequest) -> Response:
    """Change the name, type, language direction, scene or description of a dataset.

    Rows never change: to change them, create a new version.
    """
    from veritrain_lib.server.resources.datasets.upload.drafts import update_description

    find_dataset(dataset_id)
    update_description(dataset_id, body)
    return json_response(_serialize_by_id(dataset_id))


@router.delete("/datasets/{dataset_id}", summary="Delete a dataset", status_code=204)
def delete_dataset(dataset_id: str) -> Response:
    """Delete a dataset: the MLflow run that made it, and its newest run of the quality gate.

    Deleted MLflow runs can be restored. The response is 409 while a model, a run or another dataset needs the dataset.
    """
    from veritrain_lib.tracking import runs

    item = find_dataset(dataset_id)
    reason = deletion_blocker(item)
    if reason:
        raise Conflict(f"the dataset can't be deleted: {reason}")
    for run_id in dict.fromkeys(run.info.run_id for run in (item.gate, item.run) if run is not None):
        runs.delete(run_id)
    return Response(status_code=204)


@router.get(
    "/datasets/{dataset_id}/quality-gate", summary="Get the gate's newest verdict", response_model=QualityGate
)
def read_quality_gate(dataset_id: str) -> Response:
    """Return the quality gate's newest verdict on a dataset; its status is `pending` until the gate has run."""
    return json_response(quality_gate(find_dataset(dataset_id)))


@router.post(
    "/datasets/{dataset_id}/review", summary="Store a person's review", response_model=ReviewResponse
)
def review_dataset(dataset_id: str, body: ReviewRequest, user_name: CurrentUserName) -> Response:
    """Store the current user's review of a sample of the dataset, beside the quality gate's verdict.

    A second review by the same user replaces the first. The response is 400 if the quality gate has not run on the
    dataset yet.
    """
    from veritrain_lib.stages.record.review import store_review_summary

    item = find_dataset(dataset_id)
    if item.gate is None:
        raise BadState("the gate has not run on this dataset yet: there is nothing to review")
    store_review_summary(
        item.gate.info.run_id,
        user_name,
        pass_rate=body.pass_rate,
        reviewed_rows=body.sample_size,
        comment=body.comments,
    )
    review = quality_gate(find_dataset(dataset_id)).sampling_review
    assert review is not None
    return json_response(
        ReviewResponse(
            dataset_id=dataset_id,
            reviewed_by=review.reviewed_by,
            reviewed_at=review.reviewed_at,
            sample_size=review.sample_size,
            pass_rate=review.pass_rate,
            comments=review.comments,
        )
    )


@router.post(
    "/datasets/{dataset_id}/versions",
    summary="Create the next version of a dataset",
    status_code=201,
    response_model=DatasetResponse,
)
def next_version(dataset_id: str, body: DatasetVersionRequest, user_name: CurrentUserName) -> Response:
    """Create the next version of a dataset.

    Its rows are those of the dataset with some left out, changed or added. They become a new draft, on which the
    quality gate starts at once.
    """
    from veritrain_lib.server.resources.datasets.upload.drafts import store_next_version

    run_id, rows = store_next_version(find_dataset(dataset_id), _serialize_by_id(dataset_id), body, user_name)
    if rows:
        background.launch(run_id)
    return json_response(_serialize_by_id(run_id), 201)


def _serialize_by_id(dataset_id: str) -> DatasetResponse:
    """Return the API response for the dataset of an id; raise NotFound if there is none."""
    return serialize_datasets([find_dataset(dataset_id)])[0]
