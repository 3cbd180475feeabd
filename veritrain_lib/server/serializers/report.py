"""Serializer of reports: a run, its title and other metadata, and the location of its content."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Literal

from veritrain_lib.server.api.casing import CamelCaseResponse
from veritrain_lib.server.api.problems import NotFound
from veritrain_lib.server.serializers.dataset import utc_datetime
from veritrain_lib.tracking import report_listing, runs
from veritrain_lib.tracking.entities import Run
from veritrain_lib.tracking.report_listing import (
    DEFAULT_TYPE,
    EXPERIMENT_TAG,
    PREFIX,
    RUNNING_STATUSES,
    ReportQuery,
)

Type = Literal["performance", "comparison", "analysis", "summary"]
Status = Literal["draft", "generating", "published"]
TYPES: tuple[Type, ...] = ("performance", "comparison", "analysis", "summary")

CONTENT_TAG = f"{PREFIX}content"
"""Tag of a run of kind `report`: the run of the report stage that wrote its content."""

RUN_ID = re.compile(r"[0-9a-f]{32}")


class ReportResponse(CamelCaseResponse):
    """Report. `error` says why it could not be written; it then has no content."""

    id: str
    experiment_id: str | None
    title: str
    description: str
    type: Type
    status: Status
    created_at: datetime
    published_at: datetime | None
    created_by: str
    tags: list[str]
    error: str | None


def serialize_report(run: Run) -> ReportResponse:
    """Return the response for a report's run."""
    tags = run.data.tags
    report_type, published_at = tags.get(f"{PREFIX}type", ""), tags.get(f"{PREFIX}published_at", "")
    status: Status = "published" if tags.get(f"{PREFIX}status") == "published" else "draft"
    return ReportResponse(
        id=run.info.run_id,
        experiment_id=experiment_of(run),
        title=tags.get(f"{PREFIX}title") or f"{tags.get('veritrain.task', '')} · {run.info.run_name}",
        description=tags.get(f"{PREFIX}description") or tags.get(runs.NOTE_TAG, ""),
        type=report_type if report_type in TYPES else DEFAULT_TYPE,  # type: ignore[arg-type]
        status="generating" if run.info.status in RUNNING_STATUSES else status,
        created_at=utc_datetime(run.info.start_time),
        published_at=datetime.fromisoformat(published_at) if published_at else None,
        created_by=tags.get("veritrain.by") or tags.get("mlflow.user", "unknown"),
        tags=json.loads(tags.get(f"{PREFIX}tags") or "[]"),
        error=tags.get("veritrain.reason") if run.info.status in ("FAILED", "KILLED") else None,
    )


def experiment_of(run: Run) -> str | None:
    """Return the id of the run that a report is about: the requested one, else the round that it belongs to."""
    tags = run.data.tags
    subject = tags.get("veritrain.input.about", "")
    experiment_id = tags.get(EXPERIMENT_TAG) or (
        subject if RUN_ID.fullmatch(subject) else tags.get("mlflow.parentRunId")
    )
    return experiment_id or None


def content_run(run: Run) -> str | None:
    """Return the id of the report stage's run with the content of a report; None if it was not written."""
    if run.data.tags.get("veritrain.stage") == "report":
        return run.info.run_id
    return run.data.tags.get(CONTENT_TAG)


def report_page(
    *, search: str, type: str, status: str, offset: int, limit: int
) -> tuple[list[ReportResponse], int]:
    """Return a page of reports, newest first, and the total number of reports."""
    report_runs, total = report_listing.reports_page(
        ReportQuery(search, type, status), offset=offset, limit=limit
    )
    return [serialize_report(run) for run in report_runs], total


def find_report(report_id: str) -> Run:
    """Return the run of a report. Raises NotFound."""
    reports = report_listing.read_reports([report_id]) if RUN_ID.fullmatch(report_id) else {}
    if report_id not in reports:
        raise NotFound(f"there is no report {report_id[:80]!r}")
    return reports[report_id]
