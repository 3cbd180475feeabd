"""Routes of /api/v1: datasets."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from starlette.responses import JSONResponse

from veritrain_lib.server.api.casing import both
from veritrain_lib.server.api.current_user import CallerName
from veritrain_lib.server.api.dataset_responses import (
    UPLOAD_BODY,
    DatasetDetail,
    DatasetPage,
    GenerationEstimate,
    GenerationStarted,
    ReviewStored,
    Uploaded,
)
from veritrain_lib.server.api.dataset_schemas import DatasetChange, GenerationGiven, ReviewGiven, VersionGiven
from veritrain_lib.server.api.paging import Filtering, Paging, envelope
from veritrain_lib.server.api.problems import BadState, Conflict, WrongField
from veritrain_lib.server.serializers.dataset import Dataset, answers, find, page
from veritrain_lib.server.serializers.dataset_overview import overview
from veritrain_lib.server.serializers.dataset_use import usage_history, why_not_deleted
from veritrain_lib.server.serializers.gate_verdict import QualityGate, quality_gate
from veritrain_lib.server.upload.receiving import Received, received

router = APIRouter(tags=["datasets"])


def answer(value: Any, status: int = 200) -> JSONResponse:
    """A value with its keys in both casings."""
    return JSONResponse(both(value), status)


def no_zero_byte(**given: str | None) -> None:
    """Raise WrongField for a query parameter that holds what no database keeps."""
    for name, value in given.items():
        if value and "\x00" in value:
            raise WrongField(f"query.{name}", "holds a zero byte")


Asked = Annotated[str | None, Query(max_length=200)]


@router.get("/datasets", summary="Datasets, the newest first", response_model=DatasetPage)
def list_datasets(
    asked: Paging,
    filters: Filtering,
    direction: Asked = None,
    scene: Asked = None,
    direction_in: Annotated[str | None, Query(alias="filters[direction]", max_length=200)] = None,
    scene_in: Annotated[str | None, Query(alias="filters[scene]", max_length=200)] = None,
) -> Response:
    """`search` looks into names; `type` is human, synthetic or mixed, `status` draft, passed or blocked."""
    direction, scene = direction or direction_in or "", scene or scene_in or ""
    no_zero_byte(
        search=filters.search, type=filters.type, status=filters.status, direction=direction, scene=scene
    )
    items, total = page(
        search=filters.search, type=filters.type, status=filters.status, direction=direction, scene=scene,
        offset=asked.offset, limit=asked.size,
    )  # fmt: skip
    return answer(envelope([both(item) for item in items], total, asked))


@router.post(
    "/datasets",
    summary="Upload rows, or begin an empty draft",
    status_code=201,
    response_model=Uploaded | Dataset,
    openapi_extra=UPLOAD_BODY,
)
def create_dataset(body: Annotated[Received, Depends(received)], by: CallerName) -> Response:
    """A file (multipart, part `file`) becomes a draft of the task whose columns it has, and the gate judges it at once;
    the answer has it in `data`. A JSON body begins a draft without rows, which is the answer itself."""
    from veritrain_lib.server.background_jobs import launch
    from veritrain_lib.server.settings import stored
    from veritrain_lib.server.upload.drafts import begun, uploaded

    stored.refuse_when_full()
    if body.description is not None:
        return answer(_shown(begun(body.description, by)), 201)
    run_id, rows, notes = uploaded(body, by)
    launch(run_id)
    said = "; ".join([f"{rows} rows stored as a draft; the gate is judging them", *notes])
    return answer(Uploaded(code=201, message=said, data=_shown(run_id)), 201)


@router.post(
    "/datasets/generate/estimate", summary="What new rows would cost", response_model=GenerationEstimate
)
def estimate_generation(body: GenerationGiven) -> Response:
    """Nothing is asked of a model and nothing is paid."""
    from veritrain_lib.server.generation import foresee, plan

    wanted = plan(body)
    seen = foresee(wanted)
    return answer(
        GenerationEstimate(
            total_tokens=seen.tokens, estimated_cost=seen.cost, estimated_time=seen.seconds,
            highest_cost=seen.at_most, basis=seen.basis, unsupported=wanted.unsupported,
        )
    )  # fmt: skip


@router.post("/datasets/generate", summary="Write new rows and judge them", response_model=GenerationStarted)
def generate_dataset(body: GenerationGiven, by: CallerName) -> Response:
    """The rows become a draft of their own, which the gate judges. Money that is not there is refused before."""
    from veritrain_lib.server.background_jobs import launch
    from veritrain_lib.server.generation import begin, foresee, plan
    from veritrain_lib.server.settings import stored

    stored.refuse_when_full()
    wanted = plan(body)
    foresee(wanted)
    run_id = begin(wanted, by)
    launch(run_id)
    said = f"{body.target_count} rows of task {wanted.task.name} are being written, then judged"
    return answer(
        GenerationStarted(task_id=run_id, status="started", message=said, unsupported=wanted.unsupported)
    )


@router.get("/datasets/{dataset_id}", summary="A dataset", response_model=DatasetDetail)
def read_dataset(dataset_id: str) -> Response:
    """With an overview of its rows, the gate's verdict, and what was trained on it."""
    item = find(dataset_id)
    verdict = quality_gate(item)
    found = DatasetDetail(
        **dict(_shown(dataset_id)),
        overview=overview(item.run),
        quality_gate=verdict,
        quality_gate_result=verdict,
        usage_history=usage_history(item),
    )
    return answer(found)


@router.patch("/datasets/{dataset_id}", summary="Say something else of a dataset", response_model=Dataset)
def change_dataset(dataset_id: str, body: DatasetChange) -> Response:
    """Name, type, direction, scene and description; rows never change, they get a next version."""
    from veritrain_lib.server.upload.drafts import describe

    find(dataset_id)
    describe(dataset_id, body)
    return answer(_shown(dataset_id))


@router.delete("/datasets/{dataset_id}", summary="Delete a dataset", status_code=204)
def delete_dataset(dataset_id: str) -> Response:
    """Its run is deleted as MLflow deletes (it can be restored). 409 while something needs it."""
    from veritrain_lib.tracking import runs

    item = find(dataset_id)
    why = why_not_deleted(item)
    if why:
        raise Conflict(f"the dataset can't be deleted: {why}")
    for run_id in dict.fromkeys(run.info.run_id for run in (item.gate, item.run) if run is not None):
        runs.delete(run_id)
    return Response(status_code=204)


@router.get(
    "/datasets/{dataset_id}/quality-gate", summary="The gate's newest verdict", response_model=QualityGate
)
def read_quality_gate(dataset_id: str) -> Response:
    """Status `pending` until a gate has judged the dataset."""
    return answer(quality_gate(find(dataset_id)))


@router.post("/datasets/{dataset_id}/review", summary="Store a person's review", response_model=ReviewStored)
def review_dataset(dataset_id: str, body: ReviewGiven, by: CallerName) -> Response:
    """It stands beside the verdict, under the caller's name; said again, it replaces what the caller said before."""
    from veritrain_lib.stage_io.review import store_numbers

    item = find(dataset_id)
    if item.gate is None:
        raise BadState("the gate has not judged this dataset yet: there is nothing to review")
    store_numbers(
        item.gate.info.run_id, by, pass_rate=body.pass_rate, looked_at=body.sample_size, comment=body.comments
    )
    said = quality_gate(find(dataset_id)).sampling_review
    assert said is not None
    return answer(
        ReviewStored(
            dataset_id=dataset_id,
            reviewed_by=said.reviewed_by,
            reviewed_at=said.reviewed_at,
            sample_size=said.sample_size,
            pass_rate=said.pass_rate,
            comments=said.comments,
        )
    )


@router.post(
    "/datasets/{dataset_id}/versions", summary="A next version", status_code=201, response_model=Dataset
)
def next_version(dataset_id: str, body: VersionGiven, by: CallerName) -> Response:
    """The rows with some left out, changed or added, as a draft of their own; the gate judges it at once."""
    from veritrain_lib.server.background_jobs import launch
    from veritrain_lib.server.upload.drafts import next_draft

    run_id, rows = next_draft(find(dataset_id), _shown(dataset_id), body, by)
    if rows:
        launch(run_id)
    return answer(_shown(run_id), 201)


def _shown(dataset_id: str) -> Dataset:
    return answers([find(dataset_id)])[0]
