"""Pages of the list of datasets, each dataset with the newest verdict of a quality gate on it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from veritrain_lib.tracking.dataset_facts import DEFAULT_SCENE, DEFAULT_TYPE
from veritrain_lib.tracking.dataset_verdicts import is_gate_of_draft, newest_gates, newest_statuses
from veritrain_lib.tracking.datasets import PREFIX
from veritrain_lib.tracking.entities import Run
from veritrain_lib.tracking.run_rows import runs_by_id
from veritrain_lib.tracking.tables import connect, contains, tables

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection
    from sqlalchemy.sql import Select

TITLE_TAG, GATE_TAG = f"{PREFIX}title", f"{PREFIX}gate"
"""Tags of the run that made a dataset: its title for people, and the id of a run of the quality gate.

That run judged the same rows under another dataset version; its verdict counts for this dataset too.
"""

GATE_ERROR_TAG = f"{PREFIX}not_judged"
"""Tag of a draft's run: why the gate could not be run on it; empty once it could."""


@dataclass(frozen=True)
class DatasetQuery:
    """Filter for the list of datasets; an attribute that is an empty text does not filter.

    Attributes:
        search: Part of the title, or of the name where a dataset has no title.
        type: One of `dataset_facts.DATASET_TYPES`.
        direction: Language direction, such as `ja-en`.
        scene: One of `dataset_facts.SCENES`.
        status: draft, passed or blocked.
        directions: Language direction by MLflow experiment id, for datasets that were stored without one.
    """

    search: str = ""
    type: str = ""
    direction: str = ""
    scene: str = ""
    status: str = ""
    directions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DatasetItem:
    """Entry in the list of datasets: the run that made the dataset, and the newest verdict of the quality gate on it.

    Attributes:
        run: The MLflow run that made the dataset.
        gate: The newest finished run of a gate that judged the dataset. It equals `run` for a dataset that a gate made
            from the task's seed file, and is None for a draft that no gate has judged.
    """

    run: Run
    gate: Run | None

    @property
    def reference(self) -> str:
        """The dataset's reference `NAME@VERSION`; the draft's own one, even if a quality gate made a new version of it."""
        return _reference(self.run)

    @property
    def status(self) -> str:
        """The dataset's status, `draft`, `passed` or `blocked`: the quality gate's newest verdict on it, if any."""
        return (self.gate or self.run).data.tags[f"{PREFIX}status"]


def datasets_page(query: DatasetQuery, *, offset: int = 0, limit: int = 20) -> tuple[list[DatasetItem], int]:
    """Return one page of the list of datasets that match a query, newest first, and how many match in all.

    Args:
        query: Filter.
        offset: Number of datasets before the page.
        limit: Maximum datasets on the page.
    """
    from sqlalchemy import func, select

    runs = tables().runs.c
    with connect() as connection:
        if query.status:
            run_ids = _ids_with_status(connection, query)
            return _items(connection, run_ids[offset : offset + limit]), len(run_ids)
        selected = _filtered(query, select(runs.run_uuid, func.count().over()).select_from(tables().runs))
        page = connection.execute(selected.order_by(*_newest_first()).offset(offset).limit(limit)).all()
        if not page and (offset or not limit):
            # Past the last page there is no row that carries the total.
            count = _filtered(query, select(func.count()).select_from(tables().runs))
            return [], int(connection.execute(count).scalar_one())
        return _items(connection, [row[0] for row in page]), page[0][1] if page else 0


def read_datasets(ids: Collection[str]) -> dict[str, DatasetItem]:
    """Return entries of the list of datasets by the ids of the MLflow runs that made the datasets.

    Unknown ids are left out. So are runs of the quality gate that judged a draft, because the dataset that they made is
    listed with the draft.

    Args:
        ids: Ids of the runs.
    """
    from sqlalchemy import select

    runs = tables().runs.c
    with connect() as connection:
        selected = _filtered(DatasetQuery(), select(runs.run_uuid).select_from(tables().runs))
        run_ids = connection.execute(selected.where(runs.run_uuid.in_(ids))).scalars().all()
        return {item.run.info.run_id: item for item in _items(connection, run_ids)}


def _filtered(query: DatasetQuery, selection: Select[Any]) -> Select[Any]:
    from sqlalchemy import and_, exists, func, or_

    runs, tags = tables().runs.c, tables().tags

    def has_tag(tag: Any, name: str) -> Any:
        return and_(tag.c.run_uuid == runs.run_uuid, tag.c.key == f"{PREFIX}{name}")

    # Joined first: few runs made a dataset, and databases estimate badly how few have the other tags.
    versions = tags.alias()
    selected = selection.join(versions, has_tag(versions, "version")).where(
        runs.lifecycle_stage == "active", runs.status == "FINISHED", ~is_gate_of_draft(runs.run_uuid)
    )

    def tag_value(name: str) -> Any:
        """Join a tag of each run to `selected` and return the SQL column of its value, NULL where the run lacks it."""
        nonlocal selected
        tag = tags.alias()
        selected = selected.outerjoin(tag, has_tag(tag, name))
        return tag.c.value

    conditions = []
    for name, value, default in (
        ("type", query.type, DEFAULT_TYPE),
        ("scene", query.scene, DEFAULT_SCENE),
    ):
        tag = tags.alias()
        if value == default:  # or the tag is missing
            conditions.append(~exists().where(has_tag(tag, name), tag.c.value != value))
        elif value:
            conditions.append(exists().where(has_tag(tag, name), tag.c.value == value))
    if query.direction:
        experiment_ids = [int(key) for key, value in query.directions.items() if value == query.direction]
        stored_direction = tag_value("direction")
        conditions.append(
            or_(
                stored_direction == query.direction,
                and_(stored_direction.is_(None), runs.experiment_id.in_(experiment_ids)),
            )
        )
    if query.search:
        conditions.append(contains(func.coalesce(tag_value("title"), tag_value("name")), query.search))
    return selected.where(*conditions)


def _newest_first() -> tuple[Any, Any]:
    runs = tables().runs.c
    return runs.start_time.desc(), runs.run_uuid


def _ids_with_status(connection: Connection, query: DatasetQuery) -> list[str]:
    """Return the ids of the runs that made the datasets with the status `query.status`, newest first.

    For a draft the newest verdict of a gate counts. It is found in Python by the draft's reference, because no database
    index covers that.
    """
    from sqlalchemy import select

    runs = tables().runs.c
    status, name, version, gate_pointer, gate_status = (tables().tags.alias() for _ in range(5))
    columns = (status.c.value, name.c.value, version.c.value, gate_status.c.value)
    query_rows = _filtered(query, select(runs.run_uuid, *columns).select_from(tables().runs))
    for tag, tag_name in ((status, "status"), (name, "name"), (version, "version")):
        query_rows = query_rows.join(
            tag, (tag.c.run_uuid == runs.run_uuid) & (tag.c.key == f"{PREFIX}{tag_name}")
        )
    query_rows = query_rows.outerjoin(
        gate_pointer, (gate_pointer.c.run_uuid == runs.run_uuid) & (gate_pointer.c.key == GATE_TAG)
    )
    query_rows = query_rows.outerjoin(
        gate_status,
        (gate_status.c.run_uuid == gate_pointer.c.value) & (gate_status.c.key == f"{PREFIX}status"),
    )
    verdicts = newest_statuses(connection)
    return [
        run_id
        for run_id, dataset_status, dataset_name, dataset_version, pointed_status in connection.execute(
            query_rows.order_by(*_newest_first())
        )
        if query.status
        == (
            dataset_status
            if dataset_status != "draft"
            else verdicts.get(f"{dataset_name}@{dataset_version}") or pointed_status or dataset_status
        )
    ]


def _items(connection: Connection, ids: Sequence[str]) -> list[DatasetItem]:
    runs = runs_by_id(connection, ids)
    drafts = {run.info.run_id: run for run in runs if run.data.tags[f"{PREFIX}status"] == "draft"}
    newest_by_reference = newest_gates(connection, [_reference(run) for run in drafts.values()])
    gate_ids = {
        run_id: newest_by_reference.get(_reference(run)) or run.data.tags.get(GATE_TAG, "")
        for run_id, run in drafts.items()
    }
    gates = {
        gate.info.run_id: gate
        for gate in runs_by_id(connection, [gate_id for gate_id in gate_ids.values() if gate_id])
    }
    return [
        DatasetItem(run, gates.get(gate_ids[run.info.run_id]) if run.info.run_id in drafts else run)
        for run in runs
    ]


def _reference(run: Run) -> str:
    return f"{run.data.tags[f'{PREFIX}name']}@{run.data.tags[f'{PREFIX}version']}"
