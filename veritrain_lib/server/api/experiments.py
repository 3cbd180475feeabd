"""Routes of /api/v1: experiments. An experiment is a round of the record, whoever began it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Header, Query, Response
from filelock import FileLock
from pydantic import Field, TypeAdapter, ValidationError
from starlette.responses import JSONResponse

from veritrain_lib.core import event_log
from veritrain_lib.loop import experiment_run
from veritrain_lib.server import background_jobs, stop_request
from veritrain_lib.server.api.casing import Answer, Given, both, snake_keys
from veritrain_lib.server.api.experiment_request import ExperimentGiven, checked, refuse_deep, run_of
from veritrain_lib.server.api.paging import Filtering, Page, Paging, envelope
from veritrain_lib.server.api.problems import BadState, Conflict, NotFound, WrongField
from veritrain_lib.server.serializers.experiment import OF_STATUS, ExperimentItem, experiments
from veritrain_lib.server.serializers.experiment_detail import ExperimentDetail, LogEntry, detail, log_entry
from veritrain_lib.tracking import listing, run_events, runs, version_listing
from veritrain_lib.tracking.listing import RunQuery

router = APIRouter(tags=["experiments"])

ENVELOPE = "application/vnd.veritrain.envelope+json"


class Started(ExperimentItem):
    """The experiment, and the job that was started for it."""

    task_id: str
    message: str


class Logs(Answer):
    """Lines of the log and how many there are in all."""

    logs: list[LogEntry]
    total: int


class CloneGiven(Given):
    """What of the copy is to be other than the original; keys as in a new experiment."""

    modifications: dict[str, Any] = Field(default_factory=dict)


@router.get("/experiments", summary="List experiments, newest first", response_model=Page)
def list_experiments(
    asked: Paging,
    filters: Filtering,
    model_id: Annotated[str | None, Query(max_length=300, description="the base model's id")] = None,
    camel_model_id: Annotated[str | None, Query(alias="modelId", max_length=300)] = None,
    model_id_in: Annotated[str | None, Query(alias="filters[modelId]", max_length=300)] = None,
) -> JSONResponse:
    """A page of the rounds of every task, those of the command line and of notebooks too. `search` looks into the
    name and the task; `status` is pending, running, completed or failed."""
    if filters.status and filters.status not in OF_STATUS:
        raise WrongField("query.status", f"status {filters.status!r} is none of {', '.join(OF_STATUS)}")
    model = model_id or camel_model_id or model_id_in
    if "\0" in filters.search + (model or ""):
        raise WrongField("query", "a filter holds a NUL character")
    query = RunQuery(
        tags={"veritrain.kind": ["round"]},
        params={"champion": _addresses(model)} if model else {},
        statuses=OF_STATUS.get(filters.status, ()),
        search=filters.search,
        search_task=True,
    )
    found, total = listing.runs_page(query, offset=asked.offset, limit=asked.size)
    closed = [run for run in found if runs.close_if_abandoned(run)]
    if closed:
        found, total = listing.runs_page(query, offset=asked.offset, limit=asked.size)
    return JSONResponse(envelope([both(one) for one in experiments(found)], total, asked))


@router.post("/experiments", status_code=201, summary="Ask for an experiment", response_model=ExperimentItem)
def create_experiment(given: ExperimentGiven) -> JSONResponse:
    """Everything is checked against the record first; what the trainer can't follow of the configuration is named
    in `unsupported_config`. The experiment is pending until it is started."""
    return JSONResponse(both(_item(_asked(given))), 201)


@router.get("/experiments/{experiment_id}", summary="One experiment", response_model=ExperimentDetail)
def read_experiment(experiment_id: str) -> JSONResponse:
    """With its configuration, progress, the end of its log, metrics, predictions and evaluation."""
    run = _run(experiment_id)
    found = detail(run, event_log.read(run.info.run_id))
    said = both(found)
    # Keys of these are names of metrics and columns: data, not fields.
    for name in ("metrics", "predictions"):
        said[name] = getattr(found, name)
    if found.evaluation:
        said["evaluation"]["metrics"] = found.evaluation["metrics"]
    return JSONResponse(said)


@router.post("/experiments/{experiment_id}/start", summary="Start an experiment", response_model=Started)
def start_experiment(experiment_id: str) -> JSONResponse:
    """Its work goes on in a process of its own, whatever becomes of the server. 400 unless it is pending."""
    run_id = _run(experiment_id).info.run_id
    with FileLock(background_jobs.folder() / f"start-{run_id}.lock"):
        run = _run(run_id)
        if run.info.status != "SCHEDULED" or runs.JOB in run.data.tags:
            state = (
                "started already" if run.info.status == "SCHEDULED" else run_events.STATUS[run.info.status]
            )
            raise BadState(f"experiment {run_id} is {state}; only a pending one can be started")
        background_jobs.launch(run_id)
    item = _item(_run(run_id))
    started = Started(
        **item.model_dump(), task_id=item.celery_task_id or "", message="The experiment was started."
    )
    return JSONResponse(both(started))


@router.post("/experiments/{experiment_id}/stop", summary="Stop an experiment", response_model=ExperimentItem)
def stop_experiment(experiment_id: str) -> JSONResponse:
    """Asks its process to stop and answers at once; the experiment ends as failed with the reason `stopped`. 400
    unless it is running, or started and waiting for its turn."""
    run = _run(experiment_id)
    waits = run.info.status == "SCHEDULED" and runs.JOB in run.data.tags
    if run.info.status != "RUNNING" and not waits:
        raise BadState(
            f"experiment {run.info.run_id} is {run_events.STATUS[run.info.status]}; nothing is to be stopped"
        )
    stop_request.stop(run)
    return JSONResponse(both(_item(_run(experiment_id))))


@router.post(
    "/experiments/{experiment_id}/clone",
    status_code=201,
    summary="Ask for it again",
    response_model=ExperimentItem,
)
def clone_experiment(experiment_id: str, given: Annotated[CloneGiven | None, Body()] = None) -> JSONResponse:
    """A new pending experiment with the same request but for `modifications`, checked like a new one."""
    run = _run(experiment_id)
    item, request = _item(run), experiment_run.request_of(run)
    whole: dict[str, Any] = {
        "name": f"{item.name[:190]} (copy)", "task": item.task, "base_model_id": item.base_model_id,
        "adapter_id": item.adapter_id, "dataset_id": item.dataset_id,
        "direction": request.direction if request else None, "config": request.config if request else {},
    }  # fmt: skip
    modifications = given.modifications if given else {}
    refuse_deep(modifications, "body.modifications")
    changes = snake_keys(modifications)
    config = changes.pop("config", None)
    whole |= changes
    if isinstance(config, dict):
        whole["config"] = _merged(whole["config"], config)
    elif config is not None:
        raise WrongField("body.modifications.config", "config must be an object")
    try:
        asked = TypeAdapter(ExperimentGiven).validate_python(whole)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        raise WrongField(f"body.modifications.{where}", f"{where}: {first['msg']}") from error
    return JSONResponse(both(_item(_asked(asked))), 201)


@router.delete("/experiments/{experiment_id}", status_code=204, summary="Delete an experiment")
def delete_experiment(experiment_id: str) -> Response:
    """Its run is marked as deleted in MLflow; what its stages made stays. 409 while it is worked on."""
    run = _run(experiment_id)
    if run.info.status == "RUNNING" or (run.info.status == "SCHEDULED" and runs.JOB in run.data.tags):
        raise Conflict(f"experiment {run.info.run_id} is being worked on; stop it first")
    runs.delete(run.info.run_id)
    return Response(status_code=204)


@router.get(
    "/experiments/{experiment_id}/logs",
    summary="The log of an experiment",
    response_model=list[LogEntry] | Logs,
)
def read_logs(
    experiment_id: str,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=10**9)] = 0,
    as_envelope: Annotated[bool, Query(alias="envelope", description="answer {logs, total}")] = False,
    accept: Annotated[str | None, Header()] = None,
) -> JSONResponse:
    """Oldest first: a bare array, or `{logs, total}` for `?envelope=true` or
    `Accept: application/vnd.veritrain.envelope+json`."""
    events = event_log.read(_run(experiment_id).info.run_id)
    logs = [log_entry(event).model_dump() for event in events[offset : offset + limit]]
    if as_envelope or ENVELOPE in (accept or ""):
        return JSONResponse({"logs": logs, "total": len(events)})
    return JSONResponse(logs)


def _run(given: str) -> runs.Run:
    """The round of an id, set right if its owner is gone. Raises NotFound."""
    run = run_of(given)
    if run is None or run.data.tags.get("veritrain.kind") != "round":
        raise NotFound(f"there is no experiment {given[:100]!r}")
    before = run.info.status
    if run_events.settle(run) and before in ("RUNNING", "SCHEDULED"):
        return run_of(given) or run
    return run


def _item(run: runs.Run) -> ExperimentItem:
    return experiments([run])[0]


def _asked(given: ExperimentGiven) -> runs.Run:
    task, request = checked(given)
    return _run(experiment_run.ask(task, given.name, request))


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """The old with the new, objects in it too; null takes away."""
    whole = dict(old)
    for key, value in new.items():
        before = whole.get(key)
        whole[key] = _merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return whole


def _addresses(model: str) -> list[str]:
    """How a base model's id stands in the record: as a version, or as an address that it was registered for."""
    name, _, version = model.rpartition("-")
    found = (
        version_listing.read_version(name, int(version))
        if version.isdecimal() and len(version) < 10
        else None
    )
    address = found.version.tags.get("veritrain.address") if found else None
    return [model, f"models:/{name}/{version}", *([address] if address else [])]
