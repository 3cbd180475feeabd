"""Routes of /api/v1/experiments: create, start, stop, clone and list experiments.

An experiment is a round of the record, whether the API, the loop or a notebook started it.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Query, Response
from filelock import FileLock
from pydantic import Field, TypeAdapter, ValidationError
from starlette.responses import JSONResponse

from veritrain_lib.core import event_log
from veritrain_lib.loop import experiment_run
from veritrain_lib.server import background_jobs, stop_request
from veritrain_lib.server.api.casing import RequestModel, ResponseModel, dual_case, to_snake_case
from veritrain_lib.server.api.experiment_request import (
    ExperimentCreateRequest,
    find_run,
    refuse_deep,
    validate_request,
)
from veritrain_lib.server.api.paging import Filtering, Page, Paging, envelope
from veritrain_lib.server.api.problems import BadState, Conflict, NotFound, WrongField
from veritrain_lib.server.serializers.experiment import RUN_STATUSES, ExperimentItem, serialize_experiments
from veritrain_lib.server.serializers.experiment_detail import (
    ExperimentDetail,
    LogEntry,
    experiment_detail,
    log_entry,
)
from veritrain_lib.tracking import listing, run_events, runs, version_listing
from veritrain_lib.tracking.listing import RunQuery

router = APIRouter(tags=["experiments"])

ENVELOPE_MEDIA_TYPE = "application/vnd.veritrain.envelope+json"


class ExperimentStarted(ExperimentItem):
    """Experiment and the job that was started for it."""

    task_id: str
    message: str


class ExperimentLogs(ResponseModel):
    """Log entries, and the total number of them."""

    logs: list[LogEntry]
    total: int


class ExperimentCloneRequest(RequestModel):
    """Changes of the copy relative to the original; the keys are those of a new experiment."""

    modifications: dict[str, Any] = Field(default_factory=dict)


@router.get("/experiments", summary="List experiments, newest first", response_model=Page)
def list_experiments(
    paging: Paging,
    filters: Filtering,
    model_id: Annotated[str | None, Query(max_length=300, description="the base model's id")] = None,
    camel_model_id: Annotated[str | None, Query(alias="modelId", max_length=300)] = None,
    bracket_model_id: Annotated[str | None, Query(alias="filters[modelId]", max_length=300)] = None,
) -> JSONResponse:
    """List the rounds of all tasks, including those of the command line and of notebooks.

    `search` matches the name and the task; `status` is pending, running, completed or failed.
    """
    if filters.status and filters.status not in RUN_STATUSES:
        raise WrongField("query.status", f"status {filters.status!r} is none of {', '.join(RUN_STATUSES)}")
    model = model_id or camel_model_id or bracket_model_id
    if "\0" in filters.search + (model or ""):
        raise WrongField("query", "a filter contains a NUL character")
    query = RunQuery(
        tags={"veritrain.kind": ["round"]},
        params={"champion": _model_addresses(model)} if model else {},
        statuses=RUN_STATUSES.get(filters.status, ()),
        search=filters.search,
        search_task=True,
    )
    page_runs, total = listing.runs_page(query, offset=paging.offset, limit=paging.size)
    closed = [run for run in page_runs if runs.close_if_abandoned(run)]
    if closed:
        page_runs, total = listing.runs_page(query, offset=paging.offset, limit=paging.size)
    return JSONResponse(
        envelope([dual_case(item) for item in serialize_experiments(page_runs)], total, paging)
    )


@router.post("/experiments", status_code=201, summary="Create an experiment", response_model=ExperimentItem)
def create_experiment(experiment: ExperimentCreateRequest) -> JSONResponse:
    """Create a pending experiment after checking the request against the record.

    Configuration that the trainer does not support is listed in `unsupported_config`. The experiment stays pending until it
    is started.
    """
    return JSONResponse(dual_case(_item(_create_run(experiment))), 201)


@router.get("/experiments/{experiment_id}", summary="Get an experiment", response_model=ExperimentDetail)
def read_experiment(experiment_id: str) -> JSONResponse:
    """Return an experiment with its configuration, progress, log and results.

    The results are its metrics, predictions and evaluation; only the last log entries are included.
    """
    run = _run(experiment_id)
    detail = experiment_detail(run, event_log.read(run.info.run_id))
    body = dual_case(detail)
    # The keys of these objects are names of metrics and columns: data, not field names.
    for name in ("metrics", "predictions"):
        body[name] = getattr(detail, name)
    if detail.evaluation:
        body["evaluation"]["metrics"] = detail.evaluation["metrics"]
    return JSONResponse(body)


@router.post(
    "/experiments/{experiment_id}/start", summary="Start an experiment", response_model=ExperimentStarted
)
def start_experiment(experiment_id: str) -> JSONResponse:
    """Start a pending experiment in a process of its own, which outlives the server.

    400 unless the experiment is pending.
    """
    run_id = _run(experiment_id).info.run_id
    with FileLock(background_jobs.folder() / f"start-{run_id}.lock"):
        run = _run(run_id)
        if run.info.status != "SCHEDULED" or runs.JOB_TAG in run.data.tags:
            state = (
                "already started"
                if run.info.status == "SCHEDULED"
                else run_events.API_STATUS[run.info.status]
            )
            raise BadState(f"experiment {run_id} is {state}; only a pending one can be started")
        background_jobs.launch(run_id)
    item = _item(_run(run_id))
    started = ExperimentStarted(
        **item.model_dump(), task_id=item.celery_task_id or "", message="The experiment was started."
    )
    return JSONResponse(dual_case(started))


@router.post("/experiments/{experiment_id}/stop", summary="Stop an experiment", response_model=ExperimentItem)
def stop_experiment(experiment_id: str) -> JSONResponse:
    """Ask the process of an experiment to stop, and return at once.

    The experiment ends as failed with the reason `stopped`. 400 unless it is running, or started and queued.
    """
    run = _run(experiment_id)
    waits = run.info.status == "SCHEDULED" and runs.JOB_TAG in run.data.tags
    if run.info.status != "RUNNING" and not waits:
        raise BadState(
            f"experiment {run.info.run_id} is {run_events.API_STATUS[run.info.status]}; there is nothing to stop"
        )
    stop_request.stop(run)
    return JSONResponse(dual_case(_item(_run(experiment_id))))


@router.post(
    "/experiments/{experiment_id}/clone",
    status_code=201,
    summary="Clone an experiment",
    response_model=ExperimentItem,
)
def clone_experiment(
    experiment_id: str, clone: Annotated[ExperimentCloneRequest | None, Body()] = None
) -> JSONResponse:
    """Create a new pending experiment from the request of another one.

    `modifications` are applied to the request, which is then checked like a new one.
    """
    run = _run(experiment_id)
    item, request = _item(run), experiment_run.request_of(run)
    content: dict[str, Any] = {
        "name": f"{item.name[:190]} (copy)", "task": item.task, "base_model_id": item.base_model_id,
        "adapter_id": item.adapter_id, "dataset_id": item.dataset_id,
        "direction": request.direction if request else None, "config": request.config if request else {},
    }  # fmt: skip
    modifications = clone.modifications if clone else {}
    refuse_deep(modifications, "body.modifications")
    changes = to_snake_case(modifications)
    config = changes.pop("config", None)
    content |= changes
    if isinstance(config, dict):
        content["config"] = _merged(content["config"], config)
    elif config is not None:
        raise WrongField("body.modifications.config", "config must be an object")
    try:
        experiment = TypeAdapter(ExperimentCreateRequest).validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(step) for step in first["loc"])
        raise WrongField(f"body.modifications.{path}", f"{path}: {first['msg']}") from error
    return JSONResponse(dual_case(_item(_create_run(experiment))), 201)


@router.delete("/experiments/{experiment_id}", status_code=204, summary="Delete an experiment")
def delete_experiment(experiment_id: str) -> Response:
    """Mark the run of an experiment as deleted in MLflow; the results of its stages stay.

    409 while the experiment is active.
    """
    run = _run(experiment_id)
    if run.info.status == "RUNNING" or (run.info.status == "SCHEDULED" and runs.JOB_TAG in run.data.tags):
        raise Conflict(f"experiment {run.info.run_id} is active; stop it first")
    runs.delete(run.info.run_id)
    return Response(status_code=204)


@router.get(
    "/experiments/{experiment_id}/logs",
    summary="Get the log of an experiment",
    response_model=list[LogEntry] | ExperimentLogs,
)
def read_logs(
    experiment_id: str,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=10**9)] = 0,
    as_envelope: Annotated[bool, Query(alias="envelope", description="return {logs, total}")] = False,
    accept: Annotated[str | None, Header()] = None,
) -> JSONResponse:
    """Return the log, oldest entry first.

    It is a bare array, or `{logs, total}` for `?envelope=true` or `Accept: application/vnd.veritrain.envelope+json`.
    """
    events = event_log.read(_run(experiment_id).info.run_id)
    logs = [log_entry(event).model_dump() for event in events[offset : offset + limit]]
    if as_envelope or ENVELOPE_MEDIA_TYPE in (accept or ""):
        return JSONResponse({"logs": logs, "total": len(events)})
    return JSONResponse(logs)


def _run(experiment_id: str) -> runs.Run:
    """Return the round of an id; its status is corrected if its owner process has died. Raises NotFound."""
    run = find_run(experiment_id)
    if run is None or run.data.tags.get("veritrain.kind") != "round":
        raise NotFound(f"there is no experiment {experiment_id[:100]!r}")
    status_before = run.info.status
    if run_events.reconcile(run) and status_before in ("RUNNING", "SCHEDULED"):
        return find_run(experiment_id) or run
    return run


def _item(run: runs.Run) -> ExperimentItem:
    return serialize_experiments([run])[0]


def _create_run(experiment: ExperimentCreateRequest) -> runs.Run:
    task, request = validate_request(experiment)
    return _run(experiment_run.schedule_experiment(task, experiment.name, request))


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return the old values updated with the new ones, recursively in objects; null removes a key."""
    merged = dict(old)
    for key, value in new.items():
        old_value = merged.get(key)
        merged[key] = (
            _merged(old_value, value) if isinstance(old_value, dict) and isinstance(value, dict) else value
        )
    return merged


def _model_addresses(model: str) -> list[str]:
    """Return the addresses under which the record may have a base model.

    These are its version and the address that it was registered for.
    """
    name, _, version = model.rpartition("-")
    version_item = (
        version_listing.read_version(name, int(version))
        if version.isdecimal() and len(version) < 10
        else None
    )
    address = version_item.version.tags.get("veritrain.address") if version_item else None
    return [model, f"models:/{name}/{version}", *([address] if address else [])]
