"""Pages of datasets: what was made, and what the newest gate said of it."""

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

TITLE, GATE = f"{PREFIX}title", f"{PREFIX}gate"
"""Tags of a dataset's run: its name for people, and the gate run whose verdict counts for it although that gate judged
the same rows under another version."""


@dataclass(frozen=True)
class DatasetQuery:
    """Which datasets; an empty text asks nothing.

    `search` is a part of the title, or of the name where there is none. `directions` says, by experiment id, the
    direction of datasets that were stored without one.
    """

    search: str = ""
    type: str = ""
    direction: str = ""
    scene: str = ""
    status: str = ""
    directions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DatasetItem:
    """A dataset's run, and the newest finished gate run that judged it (itself, for a seed's; None before any)."""

    run: Run
    gate: Run | None

    @property
    def reference(self) -> str:
        """`NAME@VERSION` of the dataset itself, a draft's before the gate."""
        return _reference(self.run)

    @property
    def status(self) -> str:
        """draft, passed or blocked."""
        return (self.gate or self.run).data.tags[f"{PREFIX}status"]


def datasets_page(query: DatasetQuery, *, offset: int = 0, limit: int = 20) -> tuple[list[DatasetItem], int]:
    """The datasets of a page, the newest first, and how many there are in all."""
    from sqlalchemy import func, select

    runs = tables().runs.c
    with connect() as opened:
        if query.status:
            those = _with_status(opened, query)
            return _items(opened, those[offset : offset + limit]), len(those)
        chosen = _choose(query, select(runs.run_uuid, func.count().over()).select_from(tables().runs))
        page = opened.execute(chosen.order_by(*_newest_first()).offset(offset).limit(limit)).all()
        if not page and (offset or not limit):
            # Behind the last page no line is left to say the total.
            counted = _choose(query, select(func.count()).select_from(tables().runs))
            return [], int(opened.execute(counted).scalar_one())
        return _items(opened, [row[0] for row in page]), page[0][1] if page else 0


def read_datasets(ids: Collection[str]) -> dict[str, DatasetItem]:
    """Datasets by the ids of their runs; unknown ones, and gate runs of a draft, are left out."""
    from sqlalchemy import select

    runs = tables().runs.c
    with connect() as opened:
        chosen = _choose(DatasetQuery(), select(runs.run_uuid).select_from(tables().runs))
        there = opened.execute(chosen.where(runs.run_uuid.in_(ids))).scalars().all()
        return {item.run.info.run_id: item for item in _items(opened, there)}


def _choose(query: DatasetQuery, wanted: Select[Any]) -> Select[Any]:
    from sqlalchemy import and_, exists, func, or_

    runs, tags = tables().runs.c, tables().tags

    def of(tag: Any, name: str) -> Any:
        return and_(tag.c.run_uuid == runs.run_uuid, tag.c.key == f"{PREFIX}{name}")

    # Joined first: few runs made a dataset, and databases guess badly how few have what is told of it.
    made = tags.alias()
    chosen = wanted.join(made, of(made, "version")).where(
        runs.lifecycle_stage == "active", runs.status == "FINISHED", ~is_gate_of_draft(runs.run_uuid)
    )

    def told(name: str) -> Any:
        """The value of a tag, NULL where there is none; `chosen` has it joined from here on."""
        nonlocal chosen
        tag = tags.alias()
        chosen = chosen.outerjoin(tag, of(tag, name))
        return tag.c.value

    met = []
    for name, value, default in (
        ("type", query.type, DEFAULT_TYPE),
        ("scene", query.scene, DEFAULT_SCENE),
    ):
        tag = tags.alias()
        if value == default:  # or nothing is told
            met.append(~exists().where(of(tag, name), tag.c.value != value))
        elif value:
            met.append(exists().where(of(tag, name), tag.c.value == value))
    if query.direction:
        those = [int(key) for key, value in query.directions.items() if value == query.direction]
        own = told("direction")
        met.append(or_(own == query.direction, and_(own.is_(None), runs.experiment_id.in_(those))))
    if query.search:
        met.append(contains(func.coalesce(told("title"), told("name")), query.search))
    return chosen.where(*met)


def _newest_first() -> tuple[Any, Any]:
    runs = tables().runs.c
    return runs.start_time.desc(), runs.run_uuid


def _with_status(opened: Connection, query: DatasetQuery) -> list[str]:
    """The ids of the chosen runs whose dataset has the status asked for, the newest first.

    Drafts and verdicts meet here, by reference: no index of the database's would find one for the other.
    """
    from sqlalchemy import select

    runs = tables().runs.c
    own, name, version, pointer, pointed = (tables().tags.alias() for _ in range(5))
    columns = (own.c.value, name.c.value, version.c.value, pointed.c.value)
    asked = _choose(query, select(runs.run_uuid, *columns).select_from(tables().runs))
    for one, part in ((own, "status"), (name, "name"), (version, "version")):
        asked = asked.join(one, (one.c.run_uuid == runs.run_uuid) & (one.c.key == f"{PREFIX}{part}"))
    asked = asked.outerjoin(pointer, (pointer.c.run_uuid == runs.run_uuid) & (pointer.c.key == GATE))
    asked = asked.outerjoin(
        pointed, (pointed.c.run_uuid == pointer.c.value) & (pointed.c.key == f"{PREFIX}status")
    )
    verdicts = newest_statuses(opened)
    return [
        run_id
        for run_id, said, named, number, elsewhere in opened.execute(asked.order_by(*_newest_first()))
        if query.status
        == (said if said != "draft" else verdicts.get(f"{named}@{number}") or elsewhere or said)
    ]


def _items(opened: Connection, ids: Sequence[str]) -> list[DatasetItem]:
    runs = runs_by_id(opened, ids)
    drafts = {run.info.run_id: run for run in runs if run.data.tags[f"{PREFIX}status"] == "draft"}
    newest = newest_gates(opened, [_reference(run) for run in drafts.values()])
    judging = {
        run_id: newest.get(_reference(run)) or run.data.tags.get(GATE, "") for run_id, run in drafts.items()
    }
    gates = {gate.info.run_id: gate for gate in runs_by_id(opened, [one for one in judging.values() if one])}
    return [
        DatasetItem(run, gates.get(judging[run.info.run_id]) if run.info.run_id in drafts else run)
        for run in runs
    ]


def _reference(run: Run) -> str:
    return f"{run.data.tags[f'{PREFIX}name']}@{run.data.tags[f'{PREFIX}version']}"
