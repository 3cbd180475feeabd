"""A report as the API shows it: a run, what people say of it, and where its content is."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Literal

from veritrain_lib.server.api.casing import CamelAnswer
from veritrain_lib.server.api.problems import NotFound
from veritrain_lib.server.serializers.dataset import moment
from veritrain_lib.tracking import report_listing, runs
from veritrain_lib.tracking.entities import Run
from veritrain_lib.tracking.report_listing import DEFAULT_TYPE, EXPERIMENT, PREFIX, UNDER_WAY, ReportQuery

Type = Literal["performance", "comparison", "analysis", "summary"]
Status = Literal["draft", "generating", "published"]
TYPES: tuple[Type, ...] = ("performance", "comparison", "analysis", "summary")

CONTENT = f"{PREFIX}content"
"""Tag of a run of kind `report`: the run of the report stage that wrote its content."""

RUN_ID = re.compile(r"[0-9a-f]{32}")


class Report(CamelAnswer):
    """A report. `error` says why it could not be written; then it has no content."""

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


def report(run: Run) -> Report:
    """The answer for a run."""
    tags = run.data.tags
    kind, said = tags.get(f"{PREFIX}type", ""), tags.get(f"{PREFIX}published_at", "")
    status: Status = "published" if tags.get(f"{PREFIX}status") == "published" else "draft"
    return Report(
        id=run.info.run_id,
        experiment_id=experiment_of(run),
        title=tags.get(f"{PREFIX}title") or f"{tags.get('veritrain.task', '')} · {run.info.run_name}",
        description=tags.get(f"{PREFIX}description") or tags.get(runs.NOTE, ""),
        type=kind if kind in TYPES else DEFAULT_TYPE,  # type: ignore[arg-type]
        status="generating" if run.info.status in UNDER_WAY else status,
        created_at=moment(run.info.start_time),
        published_at=datetime.fromisoformat(said) if said else None,
        created_by=tags.get("veritrain.by") or tags.get("mlflow.user", "unknown"),
        tags=json.loads(tags.get(f"{PREFIX}tags") or "[]"),
        error=tags.get("veritrain.reason") if run.info.status in ("FAILED", "KILLED") else None,
    )


def experiment_of(run: Run) -> str | None:
    """The id of the run that a report is about: the one it was asked for, else the round that it belongs to."""
    tags = run.data.tags
    about = tags.get("veritrain.input.about", "")
    found = tags.get(EXPERIMENT) or (about if RUN_ID.fullmatch(about) else tags.get("mlflow.parentRunId"))
    return found or None


def content_run(run: Run) -> str | None:
    """The id of the run of the report stage with a report's content; None when it was not written."""
    if run.data.tags.get("veritrain.stage") == "report":
        return run.info.run_id
    return run.data.tags.get(CONTENT)


def page(*, search: str, type: str, status: str, offset: int, limit: int) -> tuple[list[Report], int]:
    """A page of reports, the newest first, and how many there are in all."""
    found, total = report_listing.reports_page(ReportQuery(search, type, status), offset=offset, limit=limit)
    return [report(run) for run in found], total


def find(report_id: str) -> Run:
    """The run of a report. Raises NotFound."""
    found = report_listing.read_reports([report_id]) if RUN_ID.fullmatch(report_id) else {}
    if report_id not in found:
        raise NotFound(f"there is no report {report_id[:80]!r}")
    return found[report_id]
