"""Routes of /api/v1: reports."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from veritrain_lib.server.api.casing import CamelAnswer, Given, camel
from veritrain_lib.server.api.current_user import CallerName
from veritrain_lib.server.api.dataset_schemas import Id, Text, Word
from veritrain_lib.server.api.paging import Filtering, Page, PageAsked, envelope, page_asked
from veritrain_lib.server.api.problems import Conflict, WrongField
from veritrain_lib.server.report_files import MEDIA_TYPES, Format, exported
from veritrain_lib.server.serializers.report import CONTENT, Report, Type, content_run, find, page, report
from veritrain_lib.server.serializers.report_answers import ReportDetail
from veritrain_lib.server.serializers.report_content import detail
from veritrain_lib.server.serializers.task import task_of
from veritrain_lib.stage_io.history import STAGE_RUN
from veritrain_lib.tracking import runs
from veritrain_lib.tracking.listing import read_runs
from veritrain_lib.tracking.report_listing import EXPERIMENT, HIDDEN, PREFIX

router = APIRouter(tags=["reports"])

PAGE_SIZE = 10


class ReportPage(Page):
    """A page of reports."""

    items: list[Report]


class ReportGiven(Given):
    """A report that is wanted of an experiment."""

    title: Word
    description: Text = ""
    type: Type = "performance"
    experiment_id: Id


class ReportChange(Given):
    """What is to be said of a report; its content never changes."""

    title: Word | None = None
    description: Text | None = None
    type: Type | None = None
    status: Literal["draft", "published"] | None = None
    tags: list[Word] | None = Field(default=None, max_length=50)


class Message(BaseModel):
    """What was done."""

    message: str


class Link(CamelAnswer):
    """Where a file is: asked for there with another `Accept` than `application/json` alone."""

    message: str
    download_url: str


FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file, or for `Accept: application/json` alone where it is",
        "content": {
            **{
                kind.partition(";")[0]: {"schema": {"type": "string", "format": "binary"}}
                for kind in MEDIA_TYPES.values()
            },
            "application/json": {"schema": Link.model_json_schema(mode="serialization")},
        },
    }
}


def ten_a_page(
    asked: Annotated[PageAsked, Depends(page_asked)],
    page_size: Annotated[int | None, Query(include_in_schema=False)] = None,
    camel_size: Annotated[int | None, Query(alias="pageSize", include_in_schema=False)] = None,
) -> PageAsked:
    """As other lists, but ten on a page where nothing else is asked."""
    return asked if page_size or camel_size else PageAsked(asked.page, PAGE_SIZE)


def answer(value: Any, status: int = 200) -> JSONResponse:
    """A value with its keys in camelCase."""
    return JSONResponse(camel(value), status)


@router.get("/reports", summary="Reports, the newest first", response_model=ReportPage)
def list_reports(asked: Annotated[PageAsked, Depends(ten_a_page)], filters: Filtering) -> Response:
    """Those of the loop's rounds and those asked for here; `search` looks into title, description and headline."""
    for name in ("search", "type", "status"):
        if "\x00" in getattr(filters, name):
            raise WrongField(f"query.{name}", "holds a zero byte")
    items, total = page(
        search=filters.search, type=filters.type, status=filters.status, offset=asked.offset, limit=asked.size
    )
    return JSONResponse(envelope([camel(item) for item in items], total, asked))


@router.post("/reports", summary="Ask for a report of an experiment", response_model=Report)
def create_report(body: ReportGiven, by: CallerName) -> Response:
    """What the experiment's report stage wrote is taken; where there is none it is written, and the status is
    `generating` until then. 409 when the experiment has nothing to report."""
    from veritrain_lib.server.background_jobs import launch

    experiment = read_runs([body.experiment_id]).get(body.experiment_id)
    if experiment is None or experiment.data.tags.get("veritrain.kind") not in ("round", "loop", "final"):
        raise WrongField("body.experiment_id", f"there is no experiment {body.experiment_id!r}")
    stages = {key: value for key, value in experiment.data.tags.items() if key.startswith(STAGE_RUN)}
    if not stages:
        raise Conflict("the experiment has not done anything yet: there is nothing to report")
    written = stages.get(f"{STAGE_RUN}report")
    tags = {
        f"{PREFIX}title": body.title, f"{PREFIX}description": body.description, f"{PREFIX}type": body.type,
        EXPERIMENT: body.experiment_id, "veritrain.by": by, "mlflow.user": by,
        **({CONTENT: written} if written else {}),
    }  # fmt: skip
    run_id = runs.open_run(task_of(experiment), f"report · {body.title}", kind="report", tags=tags)
    if written:
        runs.end_run(run_id, "FINISHED")
    else:
        launch(run_id)
    return answer(report(find(run_id)))


@router.get("/reports/{report_id}", summary="A report", response_model=ReportDetail)
def read_report(report_id: str) -> Response:
    """With its content, which is empty while it is not written."""
    return answer(detail(find(report_id)))


@router.put("/reports/{report_id}", summary="Say something else of a report", response_model=Report)
def change_report(report_id: str, body: ReportChange) -> Response:
    """What is absent stays. Status `published` is the same as publishing."""
    run = find(report_id)
    tags = {
        f"{PREFIX}title": body.title,
        f"{PREFIX}description": body.description,
        f"{PREFIX}type": body.type,
        f"{PREFIX}tags": None if body.tags is None else json.dumps(body.tags, ensure_ascii=False),
    }
    given = {name: value for name, value in tags.items() if value is not None}
    if body.status == "published":
        _need_content(report_id)
        given |= _published(run.data.tags.get(f"{PREFIX}published_at", ""))
    elif body.status == "draft":
        given |= {f"{PREFIX}status": "draft", f"{PREFIX}published_at": ""}
    if given:
        runs.tag(report_id, given)
    return answer(report(find(report_id)))


@router.post("/reports/{report_id}/publish", summary="Publish a report", response_model=Report)
def publish_report(report_id: str) -> Response:
    """Published again it keeps its date. 409 while it is not written."""
    run = find(report_id)
    _need_content(report_id)
    runs.tag(report_id, _published(run.data.tags.get(f"{PREFIX}published_at", "")))
    return answer(report(find(report_id)))


@router.delete("/reports/{report_id}", summary="Delete a report", response_model=Message)
def delete_report(report_id: str) -> Response:
    """A report asked for here is deleted as MLflow deletes. One of a round is only no longer listed: its run is part of
    the round's record."""
    run = find(report_id)
    if run.data.tags.get("veritrain.kind") == "report":
        runs.delete(report_id)
    else:
        runs.tag(report_id, {HIDDEN: "deleted"})
    return JSONResponse({"message": f"report {report_id} is deleted"})


@router.get(
    "/reports/{report_id}/export",
    summary="A report as a file",
    response_class=Response,
    responses=FILES,
)
def export_report(
    report_id: str,
    format: Annotated[Format, Query()] = "pdf",
    accept: Annotated[str, Header(include_in_schema=False)] = "*/*",
) -> Response:
    """Page and PDF as the report stage stored them, or with the title that the report was given; the Word file is made
    from the same content. 409 while it is not written."""
    content = _need_content(report_id)
    name = f"report_{report_id}.{format}"
    kinds = {part.partition(";")[0].strip() for part in accept.split(",")}
    if kinds == {"application/json"}:
        link = Link(message=name, download_url=f"/api/v1/reports/{report_id}/export?format={format}")
        return answer(link)
    tags = find(report_id).data.tags
    return Response(
        exported(content, format, tags.get(f"{PREFIX}title", ""), tags.get(f"{PREFIX}description", "")),
        media_type=MEDIA_TYPES[format],
        headers={
            "content-disposition": f'attachment; filename="{name}"',
            "x-content-type-options": "nosniff",
        },
    )


def _need_content(report_id: str) -> str:
    run = find(report_id)
    content = content_run(run)
    if content is None:
        said = report(run)
        raise Conflict(f"the report is not written: {said.error or 'it is being written'}")
    return content


def _published(since: str) -> dict[str, str]:
    at = since or datetime.now(UTC).isoformat(timespec="seconds")
    return {f"{PREFIX}status": "published", f"{PREFIX}published_at": at}
