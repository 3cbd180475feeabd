"""Pages of datasets: what was made, and what the newest gate said of it.

A gate makes a version of its own from the rows that it lets through. In a list that is no dataset beside its draft:
the draft shows the verdict. What a gate makes of a task's seed file has no draft and is listed itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from veritrain_lib.tracking.dataset_facts import DEFAULT_SCENE, DEFAULT_TYPE
from veritrain_lib.tracking.datasets import PREFIX
from veritrain_lib.tracking.entities import Run
from veritrain_lib.tracking.listing import _connect, _contains, _read_runs, _tables

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection
    from sqlalchemy.sql import Select

SEED = "seed"
"""What `veritrain.input.dataset` of a gate says when it judged the seed file."""

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

    runs = _tables().runs
    with _connect() as opened:
        chosen = _choose(query)
        if query.status:
            those = _with_status(opened, chosen, query.status)
            return _items(opened, those[offset : offset + limit]), len(those)
        total = opened.execute(select(func.count()).select_from(chosen.subquery())).scalar_one()
        page = chosen.order_by(runs.start_time.desc(), runs.run_uuid).offset(offset).limit(limit)
        ids = list(opened.execute(page).scalars()) if total else []
        return _items(opened, ids), total


def read_datasets(ids: Collection[str]) -> dict[str, DatasetItem]:
    """Datasets by the ids of their runs; unknown ones, and gate runs of a draft, are left out."""
    from sqlalchemy import select

    runs = _tables().runs
    with _connect() as opened:
        there = select(runs.run_uuid).where(
            runs.run_uuid.in_(ids), runs.run_uuid.in_(_choose(DatasetQuery()))
        )
        return {item.run.info.run_id: item for item in _items(opened, list(opened.execute(there).scalars()))}


def shown_as(references: Collection[str]) -> dict[str, str]:
    """The id of the run under which a dataset is listed, by reference: a gate's own version is shown by its draft."""
    with _connect() as opened:
        runs = _made(opened, references)
        drafts = {
            reference: run.data.tags["veritrain.input.dataset"]
            for reference, run in runs.items()
            if run.data.tags.get("veritrain.stage") == "gate"
            and run.data.tags.get("veritrain.input.dataset", SEED) != SEED
        }
        behind = _made(opened, drafts.values())
    shown = {reference: runs[reference] for reference in runs if reference not in drafts}
    shown |= {reference: behind[draft] for reference, draft in drafts.items() if draft in behind}
    return {reference: run.info.run_id for reference, run in shown.items()}


def _made(opened: Connection, references: Collection[str]) -> dict[str, Run]:
    """The finished run that made each dataset, by its reference."""
    from sqlalchemy import and_, select, tuple_
    from sqlalchemy.orm import aliased

    found = _tables()
    name, version = aliased(found.tags), aliased(found.tags)
    wanted = {tuple(one.rpartition("@")[::2]) for one in references if "@" in one}
    if not wanted:
        return {}
    asked = (
        select(found.runs.run_uuid)
        .join(name, and_(name.run_uuid == found.runs.run_uuid, name.key == f"{PREFIX}name"))
        .join(version, and_(version.run_uuid == found.runs.run_uuid, version.key == f"{PREFIX}version"))
        .where(
            found.runs.lifecycle_stage == "active",
            found.runs.status == "FINISHED",
            tuple_(name.value, version.value).in_(sorted(wanted)),
        )
    )
    made = _read_runs(opened, list(opened.execute(asked).scalars()))
    return {_reference(run): run for run in made}


def _choose(query: DatasetQuery) -> Select[Any]:
    from sqlalchemy import and_, func, or_, select
    from sqlalchemy.orm import aliased

    found = _tables()
    runs, tags = found.runs, found.tags
    chosen = select(runs.run_uuid).where(
        runs.lifecycle_stage == "active",
        runs.status == "FINISHED",
        runs.run_uuid.in_(select(tags.run_uuid).where(tags.key == f"{PREFIX}version")),
        runs.run_uuid.not_in(select(_gates().subquery().c.run_uuid)),
    )
    asked = [("type", query.type, DEFAULT_TYPE), ("scene", query.scene, DEFAULT_SCENE)]
    for name, value, default in asked:
        if value:
            same = runs.run_uuid.in_(_having(f"{PREFIX}{name}", value))
            none = runs.run_uuid.not_in(select(tags.run_uuid).where(tags.key == f"{PREFIX}{name}"))
            chosen = chosen.where(or_(same, none) if value == default else same)
    if query.direction:
        those = [int(key) for key, value in query.directions.items() if value == query.direction]
        key = f"{PREFIX}direction"
        none = runs.run_uuid.not_in(select(tags.run_uuid).where(tags.key == key))
        same = runs.run_uuid.in_(_having(key, query.direction))
        chosen = chosen.where(or_(same, and_(none, runs.experiment_id.in_(those))))

    def also(key: str, *, outer: bool = False) -> Any:
        nonlocal chosen
        one = aliased(tags)
        met = and_(one.run_uuid == runs.run_uuid, one.key == key)
        chosen = chosen.outerjoin(one, met) if outer else chosen.join(one, met)
        return one.value

    if query.search:
        title = also(TITLE, outer=True)
        shown = func.coalesce(title, also(f"{PREFIX}name"))
        chosen = chosen.where(_contains(shown, query.search))
    return chosen


def _with_status(opened: Connection, chosen: Select[Any], status: str) -> list[str]:
    """The ids of the chosen runs whose dataset has a status, the newest first.

    Drafts and verdicts meet here, by reference: no index of the database's would find one for the other.
    """
    from sqlalchemy import select
    from sqlalchemy.orm import aliased

    found = _tables()
    runs, tags = found.runs, found.tags
    own, name, version, pointer = (aliased(tags) for _ in range(4))
    keys = [f"{PREFIX}{part}" for part in ("status", "name", "version")]
    asked = select(runs.run_uuid, own.value, name.value, version.value, pointer.value).where(
        runs.run_uuid.in_(chosen)
    )
    for one, key in zip((own, name, version), keys, strict=True):
        asked = asked.join(one, (one.run_uuid == runs.run_uuid) & (one.key == key))
    asked = asked.outerjoin(pointer, (pointer.run_uuid == runs.run_uuid) & (pointer.key == GATE))
    verdicts = {row.draft: row.status for row in opened.execute(_verdicts())}
    told = opened.execute(select(tags.run_uuid, tags.value).where(tags.key == keys[0])).all()
    pointed = {row.run_uuid: row.value for row in told}
    return [
        run_id
        for run_id, said, named, number, gate in opened.execute(
            asked.order_by(runs.start_time.desc(), runs.run_uuid)
        )
        if status
        == (said if said != "draft" else verdicts.get(f"{named}@{number}") or pointed.get(gate, said))
    ]


def _having(key: str, value: str) -> Select[Any]:
    from sqlalchemy import select

    tags = _tables().tags
    return select(tags.run_uuid).where(tags.key == key, tags.value == value)


def _gates(drafts: Collection[str] | None = None) -> Select[Any]:
    """Finished gate runs that judged a draft (one of `drafts`, where given): `run_uuid`, `draft`, `start_time`."""
    from sqlalchemy import and_, select
    from sqlalchemy.orm import aliased

    found = _tables()
    stage, judged = aliased(found.tags), aliased(found.tags)
    return (
        select(found.runs.run_uuid, judged.value.label("draft"), found.runs.start_time)
        .join(stage, and_(stage.run_uuid == found.runs.run_uuid, stage.key == "veritrain.stage"))
        .join(judged, and_(judged.run_uuid == found.runs.run_uuid, judged.key == "veritrain.input.dataset"))
        .where(
            found.runs.lifecycle_stage == "active",
            found.runs.status == "FINISHED",
            stage.value == "gate",
            judged.value != SEED if drafts is None else judged.value.in_(drafts),
        )
    )


def _verdicts(drafts: Collection[str] | None = None) -> Select[Any]:
    """The newest gate of each draft (of `drafts`, where given): `draft`, `run_uuid`, `status`."""
    from sqlalchemy import func, select

    gates, tags = _gates(drafts).subquery(), _tables().tags
    place = func.row_number().over(
        partition_by=gates.c.draft, order_by=(gates.c.start_time.desc(), gates.c.run_uuid)
    )
    ranked = (
        select(gates.c.draft, gates.c.run_uuid, tags.value.label("status"), place.label("place"))
        .join(tags, (tags.run_uuid == gates.c.run_uuid) & (tags.key == f"{PREFIX}status"))
        .subquery()
    )
    return select(ranked.c.draft, ranked.c.run_uuid, ranked.c.status).where(ranked.c.place == 1)


def _items(opened: Connection, ids: Sequence[str]) -> list[DatasetItem]:

    runs = _read_runs(opened, list(ids))
    asked = _verdicts([_reference(run) for run in runs])
    newest = {row.draft: row.run_uuid for row in opened.execute(asked)} if runs else {}
    of = {
        run.info.run_id: newest.get(_reference(run)) or run.data.tags.get(GATE, "")
        for run in runs
        if run.data.tags[f"{PREFIX}status"] == "draft"
    }
    gates = {gate.info.run_id: gate for gate in _read_runs(opened, [one for one in of.values() if one])}
    return [DatasetItem(run, gates.get(of[key]) if (key := run.info.run_id) in of else run) for run in runs]


def _reference(run: Run) -> str:
    return f"{run.data.tags[f'{PREFIX}name']}@{run.data.tags[f'{PREFIX}version']}"
