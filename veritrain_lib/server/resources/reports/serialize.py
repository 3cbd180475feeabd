"""Conversion of reports (MLflow runs) to API responses without their content."""

from __future__ import annotations

import json
from datetime import datetime
from typing import get_args

from veritrain_lib.server.http.timestamps import utc_datetime
from veritrain_lib.server.resources.reports.record import experiment_of
from veritrain_lib.server.resources.reports.schemas import ReportResponse, Status, Type
from veritrain_lib.tracking import report_listing, runs
from veritrain_lib.tracking.entities import Run
from veritrain_lib.tracking.report_listing import DEFAULT_TYPE, PREFIX, RUNNING_STATUSES, ReportQuery


def serialize_report(run: Run) -> ReportResponse:
    """Return the API response for a report's MLflow run, without the report's content."""
    tags = run.data.tags
    report_type, published_at = tags.get(f"{PREFIX}type", ""), tags.get(f"{PREFIX}published_at", "")
    status: Status = "published" if tags.get(f"{PREFIX}status") == "published" else "draft"
    return ReportResponse(
        id=run.info.run_id,
        experiment_id=experiment_of(run),
        title=tags.get(f"{PREFIX}title") or f"{tags.get('veritrain.task', '')} · {run.info.run_name}",
        description=tags.get(f"{PREFIX}description") or tags.get(runs.NOTE_TAG, ""),
        type=report_type if report_type in get_args(Type) else DEFAULT_TYPE,  # type: ignore[arg-type]
        status="generating" if run.info.status in RUNNING_STATUSES else status,
        created_at=utc_datetime(run.info.start_time),
        published_at=datetime.fromisoformat(published_at) if published_at else None,
        created_by=tags.get("veritrain.by") or tags.get("mlflow.user", "unknown"),
        tags=json.loads(tags.get(f"{PREFIX}tags") or "[]"),
        error=tags.get("veritrain.reason") if run.info.status in ("FAILED", "KILLED") else None,
    )


def report_page(
    *, search: str, type: str, status: str, offset: int, limit: int
) -> tuple[list[ReportResponse], int]:
    """Return one page of the reports that match all filters, newest first, and the number of all that match.

    Args:
        search: Part of the title, description or headline; like each filter, an empty text matches everything.
        type: Type of the report.
        status: draft, generating or published.
        offset: Number of reports before the page.
        limit: Maximum number of reports on the page.
    """
    report_runs, total = report_listing.reports_page(
        ReportQuery(search, type, status), offset=offset, limit=limit
    )
    return [serialize_report(run) for run in report_runs], total
