"""Pages of reports: what the report stage wrote, and what people asked for by a title of their own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from veritrain_lib.tracking.entities import Run
from veritrain_lib.tracking.listing import _connect, _contains, _read_runs, _tables

if TYPE_CHECKING:
    from sqlalchemy.sql import Select

PREFIX = "veritrain.report."
"""Of the tags that say what people say of a report: title, description, type, status, tags, published_at, by."""

HIDDEN = f"{PREFIX}hidden"
"""Tag of a run whose report is not listed: deleted, or shown under another run."""

DEFAULT_TYPE, DEFAULT_STATUS = "performance", "draft"

UNDER_WAY = ("RUNNING", "SCHEDULED")


@dataclass(frozen=True)
class ReportQuery:
    """Which reports; an empty text asks nothing. `search` is a part of title, description, headline or run name;
    `status` is draft, published or generating (its run is under way)."""

    search: str = ""
    type: str = ""
    status: str = ""


def reports_page(query: ReportQuery, *, offset: int = 0, limit: int = 10) -> tuple[list[Run], int]:
    """The runs of a page of reports, the newest first, and how many there are in all."""
    from sqlalchemy import func, select

    runs = _tables().runs
    with _connect() as opened:
        chosen = _choose(query)
        total = opened.execute(select(func.count()).select_from(chosen.subquery())).scalar_one()
        page = chosen.order_by(runs.start_time.desc(), runs.run_uuid).offset(offset).limit(limit)
        ids = list(opened.execute(page).scalars()) if total else []
        return _read_runs(opened, ids), total


def read_reports(ids: Collection[str]) -> dict[str, Run]:
    """Reports by the ids of their runs; what is no report, or hidden, is left out."""
    runs = _tables().runs
    with _connect() as opened:
        there = list(opened.execute(_choose(ReportQuery()).where(runs.run_uuid.in_(ids))).scalars())
        return {run.info.run_id: run for run in _read_runs(opened, there)}


def _choose(query: ReportQuery) -> Select[Any]:
    from sqlalchemy import and_, or_, select

    found = _tables()
    runs, tags = found.runs, found.tags

    def having(key: str, *values: str) -> Any:
        those = select(tags.run_uuid).where(tags.key == key)
        return runs.run_uuid.in_(those.where(tags.value.in_(values)) if values else those)

    written = and_(having("veritrain.stage", "report"), runs.status == "FINISHED")
    chosen = select(runs.run_uuid).where(
        runs.lifecycle_stage == "active",
        or_(written, having("veritrain.kind", "report")),
        ~having(HIDDEN),
    )
    if query.type:
        same = having(f"{PREFIX}type", query.type)
        chosen = chosen.where(or_(same, ~having(f"{PREFIX}type")) if query.type == DEFAULT_TYPE else same)
    if query.status == "generating":
        chosen = chosen.where(runs.status.in_(UNDER_WAY))
    elif query.status:
        same = having(f"{PREFIX}status", query.status)
        told = or_(same, ~having(f"{PREFIX}status")) if query.status == DEFAULT_STATUS else same
        chosen = chosen.where(told, runs.status.not_in(UNDER_WAY))
    if query.search:
        named = select(tags.run_uuid).where(
            tags.key.in_((f"{PREFIX}title", f"{PREFIX}description", "mlflow.note.content", "veritrain.task")),
            _contains(tags.value, query.search),
        )
        chosen = chosen.where(or_(_contains(runs.name, query.search), runs.run_uuid.in_(named)))
    return chosen
