"""Pages of reports: what the report stage wrote, and what people asked for by a title of their own."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from veritrain_lib.tracking.entities import Run
from veritrain_lib.tracking.run_rows import runs_by_id
from veritrain_lib.tracking.tables import connect, contains, of_task_like, tables

if TYPE_CHECKING:
    from sqlalchemy.sql import Select

PREFIX = "veritrain.report."
"""Of the tags that say what people say of a report: title, description, type, status, tags, published_at, by."""

HIDDEN = f"{PREFIX}hidden"
"""Tag of a run whose report is not listed: deleted, or shown under another run."""

EXPERIMENT = f"{PREFIX}experiment"
"""Tag of what a report was asked for about: each run of kind `report` has it, and no other."""

SEARCHED = (f"{PREFIX}title", f"{PREFIX}description", "mlflow.note.content")

DEFAULT_TYPE, DEFAULT_STATUS = "performance", "draft"

UNDER_WAY = ("RUNNING", "SCHEDULED")


@dataclass(frozen=True)
class ReportQuery:
    """Which reports; an empty text asks nothing. `search` is a part of title, description, headline, task or run name;
    `status` is draft, published or generating (its run is under way)."""

    search: str = ""
    type: str = ""
    status: str = ""


def reports_page(query: ReportQuery, *, offset: int = 0, limit: int = 10) -> tuple[list[Run], int]:
    """The runs of a page of reports, the newest first, and how many there are in all."""
    from sqlalchemy import func, select

    runs = tables().runs.c
    with connect() as opened:
        chosen = _choose(query, select(runs.run_uuid, func.count().over()))
        ordered = chosen.order_by(runs.start_time.desc(), runs.run_uuid)
        page = opened.execute(ordered.offset(offset).limit(limit)).all()
        if not page and (offset or not limit):
            counted = _choose(query, select(func.count()).select_from(tables().runs))
            return [], int(opened.execute(counted).scalar_one())
        return runs_by_id(opened, [row[0] for row in page]), page[0][1] if page else 0


def read_reports(ids: Collection[str]) -> dict[str, Run]:
    """Reports by the ids of their runs; what is no report, or hidden, is left out."""
    from sqlalchemy import select

    runs = tables().runs.c
    with connect() as opened:
        chosen = _choose(ReportQuery(), select(runs.run_uuid))
        there = list(opened.execute(chosen.where(runs.run_uuid.in_(ids))).scalars())
        return {run.info.run_id: run for run in runs_by_id(opened, there)}


def _choose(query: ReportQuery, wanted: Select[Any]) -> Select[Any]:
    from sqlalchemy import exists, or_, select, union_all

    found = tables()
    runs, tags = found.runs.c, found.tags.c

    def listed(key: str, *values: str) -> Select[Any]:
        those = select(tags.run_uuid).where(tags.key == key)
        return those.where(tags.value.in_(values)) if values else those

    def having(key: str, *values: str) -> Any:
        return runs.run_uuid.in_(listed(key, *values))

    # The tag `veritrain.kind` would say it too, but every run has one.
    asked_for = listed(EXPERIMENT)
    chosen = wanted.where(
        runs.lifecycle_stage == "active",
        runs.run_uuid.in_(union_all(listed("veritrain.stage", "report"), asked_for)),
        or_(runs.status == "FINISHED", runs.run_uuid.in_(asked_for)),
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
        # Asked of each report: a list of all that have the text would be read from every run's tags.
        said = exists().where(
            tags.run_uuid == runs.run_uuid, tags.key.in_(SEARCHED), contains(tags.value, query.search)
        )
        task = of_task_like(runs.experiment_id, query.search)
        chosen = chosen.where(or_(contains(runs.name, query.search), task, said))
    return chosen
