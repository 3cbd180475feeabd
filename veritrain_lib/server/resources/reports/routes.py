"""Routes of /api/v1/reports: list, request, change, publish, export and delete reports."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Response
from starlette.responses import JSONResponse

from veritrain_lib.server.http.casing import camel_case
from veritrain_lib.server.http.current_user import CurrentUserName
from veritrain_lib.server.http.paging import Filtering, PageRequest, envelope, page_request
from veritrain_lib.server.http.problems import Conflict, WrongField
from veritrain_lib.server.jobs import background
from veritrain_lib.server.resources.reports.content import report_detail
from veritrain_lib.server.resources.reports.files import MEDIA_TYPES, Format, report_bytes
from veritrain_lib.server.resources.reports.record import CONTENT_TAG, content_run, find_report
from veritrain_lib.server.resources.reports.schemas import (
    ReportCreateRequest,
    ReportDeleted,
    ReportDetail,
    ReportDownload,
    ReportPage,
    ReportResponse,
    ReportUpdateRequest,
)
from veritrain_lib.server.resources.reports.serialize import report_page, serialize_report
from veritrain_lib.server.tasks import task_of_run
from veritrain_lib.stages.record.history import STAGE_RUN
from veritrain_lib.tracking import runs
from veritrain_lib.tracking.listing import read_runs
from veritrain_lib.tracking.report_listing import EXPERIMENT_TAG, HIDDEN_TAG, PREFIX

router = APIRouter(tags=["reports"])

PAGE_SIZE = 10
"""Default page size of the list of reports."""


EXPORT_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file, or its download URL for `Accept: application/json` alone",
        "content": {
            **{
                kind.partition(";")[0]: {"schema": {"type": "string", "format": "binary"}}
                for kind in MEDIA_TYPES.values()
            },
            "application/json": {"schema": ReportDownload.model_json_schema(mode="serialization")},
        },
    }
}
"""OpenAPI description of the responses of the export route."""


def report_page_request(
    paging: Annotated[PageRequest, Depends(page_request)],
    page_size: Annotated[int | None, Query(include_in_schema=False)] = None,
    camel_size: Annotated[int | None, Query(alias="pageSize", include_in_schema=False)] = None,
) -> PageRequest:
    """Return the page of the report list that a client asks for; the default page size is 10, unlike in other lists."""
    return paging if page_size or camel_size else PageRequest(paging.page, PAGE_SIZE)


def camel_case_json(value: Any, status: int = 200) -> JSONResponse:
    """Return a JSON response with keys in camelCase."""
    return JSONResponse(camel_case(value), status)


@router.get("/reports", summary="List reports, newest first", response_model=ReportPage)
def list_reports(
    paging: Annotated[PageRequest, Depends(report_page_request)], filters: Filtering
) -> Response:
    """List the reports that the improvement loop wrote and those that clients requested, newest first.

    `search` is a part of the title, the description or the headline.
    """
    items, total = report_page(
        search=filters.search,
        type=filters.type,
        status=filters.status,
        offset=paging.offset,
        limit=paging.size,
    )
    return JSONResponse(envelope([camel_case(item) for item in items], total, paging))


@router.post("/reports", summary="Create a report of an experiment", response_model=ReportResponse)
def create_report(body: ReportCreateRequest, user_name: CurrentUserName) -> Response:
    """Request a report of an experiment.

    If the report stage of the experiment has run, its content is used. Otherwise it is run in the background, and the
    status is `generating` until then. The response is 422 if there is no such experiment, and 409 if it has done nothing
    yet.
    """
    experiment = read_runs([body.experiment_id]).get(body.experiment_id)
    if experiment is None or experiment.data.tags.get("veritrain.kind") not in ("round", "loop", "final"):
        raise WrongField("body.experiment_id", f"there is no experiment {body.experiment_id!r}")
    stages = {key: value for key, value in experiment.data.tags.items() if key.startswith(STAGE_RUN)}
    if not stages:
        raise Conflict("the experiment has not done anything yet: there is nothing to report")
    stage_run = stages.get(f"{STAGE_RUN}report")
    tags = {
        f"{PREFIX}title": body.title, f"{PREFIX}description": body.description, f"{PREFIX}type": body.type,
        EXPERIMENT_TAG: body.experiment_id, "veritrain.by": user_name, "mlflow.user": user_name,
        **({CONTENT_TAG: stage_run} if stage_run else {}),
    }  # fmt: skip
    run_id = runs.open_run(task_of_run(experiment), f"report · {body.title}", kind="report", tags=tags)
    if stage_run:
        runs.end_run(run_id, "FINISHED")
    else:
        background.launch(run_id)
    return camel_case_json(serialize_report(find_report(run_id)))


@router.get("/reports/{report_id}", summary="Get a report", response_model=ReportDetail)
def read_report(report_id: str) -> Response:
    """Return a report with its content, which is empty until it has been written."""
    return camel_case_json(report_detail(find_report(report_id)))


@router.put("/reports/{report_id}", summary="Change the metadata of a report", response_model=ReportResponse)
def change_report(report_id: str, body: ReportUpdateRequest) -> Response:
    """Change the metadata of a report, such as its title.

    A field that is missing stays as it is. The status `published` publishes the report.
    """
    run = find_report(report_id)
    tags = {
        f"{PREFIX}title": body.title,
        f"{PREFIX}description": body.description,
        f"{PREFIX}type": body.type,
        f"{PREFIX}tags": None if body.tags is None else json.dumps(body.tags, ensure_ascii=False),
    }
    new_tags = {name: value for name, value in tags.items() if value is not None}
    if body.status == "published":
        _need_content(report_id)
        new_tags |= _published(run.data.tags.get(f"{PREFIX}published_at", ""))
    elif body.status == "draft":
        new_tags |= {f"{PREFIX}status": "draft", f"{PREFIX}published_at": ""}
    if new_tags:
        runs.tag(report_id, new_tags)
    return camel_case_json(serialize_report(find_report(report_id)))


@router.post("/reports/{report_id}/publish", summary="Publish a report", response_model=ReportResponse)
def publish_report(report_id: str) -> Response:
    """Publish a report; if it is published already, it keeps its date.

    The response is 409 if the report has not been written yet.
    """
    run = find_report(report_id)
    _need_content(report_id)
    runs.tag(report_id, _published(run.data.tags.get(f"{PREFIX}published_at", "")))
    return camel_case_json(serialize_report(find_report(report_id)))


@router.delete("/reports/{report_id}", summary="Delete a report", response_model=ReportDeleted)
def delete_report(report_id: str) -> Response:
    """Delete a report.

    A report that a client requested can be restored in MLflow. A report that the improvement loop wrote is only hidden
    from the list, because its run is a part of the loop.
    """
    run = find_report(report_id)
    if run.data.tags.get("veritrain.kind") == "report":
        runs.delete(report_id)
    else:
        runs.tag(report_id, {HIDDEN_TAG: "deleted"})
    return JSONResponse({"message": f"report {report_id} is deleted"})


@router.get(
    "/reports/{report_id}/export",
    summary="Export a report as a file",
    response_class=Response,
    responses=EXPORT_RESPONSES,
)
def export_report(
    report_id: str,
    format: Annotated[Format, Query()] = "pdf",
    accept: Annotated[str, Header(include_in_schema=False)] = "*/*",
) -> Response:
    """Download a report as an HTML, PDF or Word file.

    If the report was given a title, the file has it. The response is 409 if the report has not been written yet.
    """
    content = _need_content(report_id)
    name = f"report_{report_id}.{format}"
    media_types = {part.partition(";")[0].strip() for part in accept.split(",")}
    if media_types == {"application/json"}:
        link = ReportDownload(
            message=name, download_url=f"/api/v1/reports/{report_id}/export?format={format}"
        )
        return camel_case_json(link)
    tags = find_report(report_id).data.tags
    return Response(
        report_bytes(content, format, tags.get(f"{PREFIX}title", ""), tags.get(f"{PREFIX}description", "")),
        media_type=MEDIA_TYPES[format],
        headers={
            "content-disposition": f'attachment; filename="{name}"',
            "x-content-type-options": "nosniff",
        },
    )


def _need_content(report_id: str) -> str:
    """Return the id of the MLflow run with a report's content; raise Conflict (409) if it has not been written yet."""
    run = find_report(report_id)
    content = content_run(run)
    if content is None:
        item = serialize_report(run)
        raise Conflict(f"the report is not written: {item.error or 'it is being written'}")
    return content


def _published(published_at: str) -> dict[str, str]:
    """Return the tags of a published report; an empty date becomes the current time."""
    new_date = published_at or datetime.now(UTC).isoformat(timespec="seconds")
    return {f"{PREFIX}status": "published", f"{PREFIX}published_at": new_date}
