"""Pages of the list of reports: those that report stages wrote, and those that people requested through the API."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from veritrain_lib.tracking.entities import Run
from veritrain_lib.tracking.run_rows import runs_by_id
from veritrain_lib.tracking.tables import connect, contains, tables, task_name_contains

if TYPE_CHECKING:
    from sqlalchemy.sql import Select

PREFIX = "veritrain.report."
"""Prefix of the tags with a report's metadata: title, description, type, status, tags, published_at, by."""

HIDDEN_TAG = f"{PREFIX}hidden"
"""Tag of a run whose report is not listed, because it was deleted or is shown under another run."""

EXPERIMENT_TAG = f"{PREFIX}experiment"
"""Tag with the experiment that a report was requested for.

Every run of kind `report`, which is a report that somebody requested, has it, and no other run.
"""

SEARCHED_TAGS = (f"{PREFIX}title", f"{PREFIX}description", "mlflow.note.content")
"""Tags that a search for a text in reports reads; the last one is the report's headline."""

DEFAULT_TYPE, DEFAULT_STATUS = "performance", "draft"
"""Type and status of a report whose run lacks these tags."""

RUNNING_STATUSES = ("RUNNING", "SCHEDULED")
"""MLflow run statuses of a report that is still being generated."""


@dataclass(frozen=True)
class ReportQuery:
    """Filter for the list of reports; an attribute that is an empty text does not filter.

    Attributes:
        search: Part of the title, description, headline, task or run name.
        type: Report type, such as `performance`.
        status: draft, published, or generating (the report's run is not finished).
    """

    search: str = ""
    type: str = ""
    status: str = ""


def reports_page(query: ReportQuery, *, offset: int = 0, limit: int = 10) -> tuple[list[Run], int]:
    """Return the runs of one page of the list of reports that match a query, newest first, and how many match in all.

    Args:
        query: Filter.
        offset: Number of reports before the page.
        limit: Maximum reports on the page.
    """
    from sqlalchemy import func, select

    runs = tables().runs.c
    with connect() as connection:
        selected = _filtered(query, select(runs.run_uuid, func.count().over()))
        ordered = selected.order_by(runs.start_time.desc(), runs.run_uuid)
        page = connection.execute(ordered.offset(offset).limit(limit)).all()
        if not page and (offset or not limit):
            count = _filtered(query, select(func.count()).select_from(tables().runs))
            return [], int(connection.execute(count).scalar_one())
        return runs_by_id(connection, [row[0] for row in page]), page[0][1] if page else 0


def read_reports(ids: Collection[str]) -> dict[str, Run]:
    """Return the runs of reports by run id; ids of other runs and of hidden reports are left out."""
    from sqlalchemy import select

    runs = tables().runs.c
    with connect() as connection:
        selected = _filtered(ReportQuery(), select(runs.run_uuid))
        run_ids = list(connection.execute(selected.where(runs.run_uuid.in_(ids))).scalars())
        return {run.info.run_id: run for run in runs_by_id(connection, run_ids)}


def _filtered(query: ReportQuery, selection: Select[Any]) -> Select[Any]:
    from sqlalchemy import exists, or_, select, union_all

    mlflow_tables = tables()
    runs, tags = mlflow_tables.runs.c, mlflow_tables.tags.c

    def listed(key: str, *values: str) -> Select[Any]:
        run_ids = select(tags.run_uuid).where(tags.key == key)
        return run_ids.where(tags.value.in_(values)) if values else run_ids

    def having(key: str, *values: str) -> Any:
        return runs.run_uuid.in_(listed(key, *values))

    # The tag `veritrain.kind` has the same information, but every run has that tag.
    asked_for = listed(EXPERIMENT_TAG)
    selected = selection.where(
        runs.lifecycle_stage == "active",
        runs.run_uuid.in_(union_all(listed("veritrain.stage", "report"), asked_for)),
        or_(runs.status == "FINISHED", runs.run_uuid.in_(asked_for)),
        ~having(HIDDEN_TAG),
    )
    if query.type:
        exact = having(f"{PREFIX}type", query.type)
        selected = selected.where(
            or_(exact, ~having(f"{PREFIX}type")) if query.type == DEFAULT_TYPE else exact
        )
    if query.status == "generating":
        selected = selected.where(runs.status.in_(RUNNING_STATUSES))
    elif query.status:
        exact = having(f"{PREFIX}status", query.status)
        matches = or_(exact, ~having(f"{PREFIX}status")) if query.status == DEFAULT_STATUS else exact
        selected = selected.where(matches, runs.status.not_in(RUNNING_STATUSES))
    if query.search:
        # A condition on each report: a list of all runs with the text would read every run's tags.
        tag_matches = exists().where(
            tags.run_uuid == runs.run_uuid, tags.key.in_(SEARCHED_TAGS), contains(tags.value, query.search)
        )
        task = task_name_contains(runs.experiment_id, query.search)
        selected = selected.where(or_(contains(runs.name, query.search), task, tag_matches))
    return selected
