"""Routes of /api/v1/experiments: create, start, stop, clone, list and delete experiments.

An experiment is a round (one pass through the pipeline stages), whether the API, the improvement loop or a notebook
started it.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Header, Query, Response
from filelock import FileLock
from starlette.responses import JSONResponse

from veritrain_lib.loop import experiment_run
from veritrain_lib.server.http.casing import dual_case
from veritrain_lib.server.http.paging import Filtering, Page, Paging, envelope
from veritrain_lib.server.http.problems import BadState, Conflict, WrongField
from veritrain_lib.server.jobs import background
from veritrain_lib.server.resources.experiments.cloning import cloned_request
from veritrain_lib.server.resources.experiments.detail import experiment_detail, log_entry
from veritrain_lib.server.resources.experiments.record import find_experiment, model_addresses
from veritrain_lib.server.resources.experiments.schemas import (
    ExperimentCloneRequest,
    ExperimentCreateRequest,
    ExperimentDetail,
    ExperimentItem,
    ExperimentLogs,
    ExperimentStarted,
    LogEntry,
)
from veritrain_lib.server.resources.experiments.serialize import RUN_STATUSES, serialize_experiments
from veritrain_lib.server.resources.experiments.stopping import request_stop
from veritrain_lib.server.resources.experiments.validation import validate_request
from veritrain_lib.tracking import event_log, listing, run_events, runs
from veritrain_lib.tracking.listing import RunQuery

router = APIRouter(tags=["experiments"])

ENVELOPE_MEDIA_TYPE = "application/vnd.veritrain.envelope+json"
"""Value of the header `Accept` with which the route of an experiment's log returns `{logs, total}`."""


@router.get("/experiments", summary="List experiments, newest first", response_model=Page)
def list_experiments(
    paging: Paging,
    filters: Filtering,
    model_id: Annotated[str | None, Query(max_length=300, description="the base model's id")] = None,
    camel_model_id: Annotated[str | None, Query(alias="modelId", max_length=300)] = None,
    bracket_model_id: Annotated[str | None, Query(alias="filters[modelId]", max_length=300)] = None,
) -> JSONResponse:
    """List the experiments of all tasks, newest first, including those that the command line or a notebook started.

    `search` is a part of the name or of the task's name; `status` is pending, running, completed or failed.
    """
    if filters.status and filters.status not in RUN_STATUSES:
        raise WrongField("query.status", f"status {filters.status!r} is none of {', '.join(RUN_STATUSES)}")
    model = model_id or camel_model_id or bracket_model_id
    if "\0" in filters.search + (model or ""):
        raise WrongField("query", "a filter contains a NUL character")
    query = RunQuery(
        tags={"veritrain.kind": ["round"]},
        params={"champion": model_addresses(model)} if model else {},
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
    """Create an experiment, which stays pending until it is started.

    The request is checked first: task, dataset, base model and configuration. Configuration keys that the trainer does
    not support are listed in `unsupported_config`.
    """
    return JSONResponse(dual_case(_item(_create_run(experiment))), 201)


@router.get("/experiments/{experiment_id}", summary="Get an experiment", response_model=ExperimentDetail)
def read_experiment(experiment_id: str) -> JSONResponse:
    """Return an experiment with its configuration, progress, log and results.

    The results are its metrics, some answers of the trained model, and its evaluation. Of the log, only the last 100
    entries are included.
    """
    run = find_experiment(experiment_id)
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
    """Start a pending experiment in a process of its own, which goes on even if the server ends.

    The response is 400 if the experiment is not pending.
    """
    run_id = find_experiment(experiment_id).info.run_id
    with FileLock(background.folder() / f"start-{run_id}.lock"):
        run = find_experiment(run_id)
        if run.info.status != "SCHEDULED" or runs.JOB_TAG in run.data.tags:
            state = (
                "already started"
                if run.info.status == "SCHEDULED"
                else run_events.API_STATUS[run.info.status]
            )
            raise BadState(f"experiment {run_id} is {state}; only a pending one can be started")
        background.launch(run_id)
    run = find_experiment(run_id)
    started = ExperimentStarted(
        **_item(run).model_dump(),
        task_id=run.data.tags.get(runs.JOB_TAG, ""),
        message="The experiment was started.",
    )
    return JSONResponse(dual_case(started))


@router.post("/experiments/{experiment_id}/stop", summary="Stop an experiment", response_model=ExperimentItem)
def stop_experiment(experiment_id: str) -> JSONResponse:
    """Ask the process of an experiment to stop, and return at once.

    The experiment then ends as failed with the reason `stopped`. The response is 400 if it is neither running nor
    waiting to run.
    """
    run = find_experiment(experiment_id)
    waits = run.info.status == "SCHEDULED" and runs.JOB_TAG in run.data.tags
    if run.info.status != "RUNNING" and not waits:
        raise BadState(
            f"experiment {run.info.run_id} is {run_events.API_STATUS[run.info.status]}; there is nothing to stop"
        )
    request_stop(run)
    return JSONResponse(dual_case(_item(find_experiment(experiment_id))))


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

    `modifications` replace values of that request, which is then checked like a new one.
    """
    experiment = cloned_request(find_experiment(experiment_id), clone.modifications if clone else {})
    return JSONResponse(dual_case(_item(_create_run(experiment))), 201)


@router.delete("/experiments/{experiment_id}", status_code=204, summary="Delete an experiment")
def delete_experiment(experiment_id: str) -> Response:
    """Delete an experiment; MLflow can restore its run, and the results of its stages stay.

    The response is 409 while the experiment is running or waiting to run.
    """
    run = find_experiment(experiment_id)
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
    """Return the log of an experiment, oldest entry first.

    It is an array, or `{logs, total}` for `?envelope=true` or `Accept: application/vnd.veritrain.envelope+json`.
    """
    events = event_log.read(find_experiment(experiment_id).info.run_id)
    logs = [log_entry(event).model_dump() for event in events[offset : offset + limit]]
    if as_envelope or ENVELOPE_MEDIA_TYPE in (accept or ""):
        return JSONResponse({"logs": logs, "total": len(events)})
    return JSONResponse(logs)


def _item(run: runs.Run) -> ExperimentItem:
    """Return the API response for the MLflow run of an experiment."""
    return serialize_experiments([run])[0]


def _create_run(experiment: ExperimentCreateRequest) -> runs.Run:
    """Check a request for an experiment, store it as a pending MLflow run, and return that run."""
    task, request = validate_request(experiment)
    return find_experiment(experiment_run.schedule_experiment(task, experiment.name, request))
