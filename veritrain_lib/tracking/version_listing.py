"""Pages of versions of registered models: counted, filtered, sorted and cut in the database, in one look."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from veritrain_lib.tracking.entities import Version
from veritrain_lib.tracking.tables import connect, contains, tables

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection
    from sqlalchemy.sql import Select

VERSION_ORDERS = ("creation_time", "last_updated_time", "name", "version")


@dataclass(frozen=True)
class VersionQuery:
    """Which versions.

    Attributes:
        tags: tag: the values it may have; an empty collection asks that the tag is there.
        without: tag: values that exclude a version; an empty collection excludes one that has the tag at all.
        search: a part of the registered model's name, whatever its case.
        order: one of `VERSION_ORDERS`; equal ones by name, the newest first.
        order_tag: a tag to order by before anything else: its name, and the value of a version that lacks it.
    """

    tags: Mapping[str, Collection[str]] = field(default_factory=dict)
    without: Mapping[str, Collection[str]] = field(default_factory=dict)
    search: str = ""
    order: Literal["creation_time", "last_updated_time", "name", "version"] = "creation_time"
    descending: bool = True
    order_tag: tuple[str, str] | None = None


@dataclass(frozen=True)
class VersionItem:
    """A version with what a list shows of it: times in milliseconds since 1970, and the aliases that point at it."""

    version: Version
    created: int
    updated: int
    description: str
    aliases: tuple[str, ...]


def versions_page(query: VersionQuery, *, offset: int = 0, limit: int = 20) -> tuple[list[VersionItem], int]:
    """The versions of a page and how many there are in all."""
    from sqlalchemy import func, select

    versions = tables().versions
    with connect() as opened:
        chosen = _choose(query, select(versions.c.name, versions.c.version, func.count().over()))
        columns = [*([_tag_of(*query.order_tag)] if query.order_tag else []), versions.c[query.order]]
        by = [column.desc() if query.descending else column.asc() for column in columns]
        ordered = chosen.order_by(*by, versions.c.name, versions.c.version.desc())
        page = opened.execute(ordered.offset(offset).limit(limit)).all()
        if not page and (offset or not limit):
            # Behind the last page no line is left to say the total.
            counted = _choose(query, select(func.count()).select_from(versions))
            return [], int(opened.execute(counted).scalar_one())
        return _items(opened, [(row[0], row[1]) for row in page]), page[0][2] if page else 0


def read_version(name: str, number: int) -> VersionItem | None:
    """One version, None when there is none."""
    with connect() as opened:
        return next(iter(_items(opened, [(name, number)])), None)


def aliased(alias: str) -> list[VersionItem]:
    """The versions that an alias points at, one a registered model, by name."""
    from sqlalchemy import select

    pointing = tables().aliases.c
    with connect() as opened:
        asked = select(pointing.name, pointing.version).where(
            pointing.workspace == "default", pointing.alias == alias
        )
        keys = [(row.name, row.version) for row in opened.execute(asked.order_by(pointing.name))]
        return _items(opened, keys)


def _choose(query: VersionQuery, wanted: Select[Any]) -> Select[Any]:
    from sqlalchemy import exists, select, tuple_

    versions, tags = tables().versions.c, tables().version_tags.c
    chosen = wanted.where(versions.current_stage != "Deleted_Internal", versions.workspace == "default")

    def one_of(values: Collection[str]) -> list[Any]:
        return [tags.value.in_(values)] if values else []

    for key, values in query.tags.items():
        # A list that is made once: PostgreSQL would look the tag of each version up, one by one.
        having = select(tags.name, tags.version).where(
            tags.workspace == "default", tags.key == key, *one_of(values)
        )
        chosen = chosen.where(tuple_(versions.name, versions.version).in_(having))
    for key, values in query.without.items():
        # Not a list here: SQLite would look for a pair that is in none from its beginning to its end.
        same = [tags.workspace == "default", tags.name == versions.name, tags.version == versions.version]
        chosen = chosen.where(~exists().where(*same, tags.key == key, *one_of(values)))
    if query.search:
        chosen = chosen.where(contains(versions.name, query.search))
    return chosen


def _tag_of(key: str, default: str) -> Any:
    """The value of a version's tag, as a column to order by."""
    from sqlalchemy import func, select

    versions, tags = tables().versions, tables().version_tags.c
    own = select(tags.value).where(
        tags.workspace == "default", tags.key == key, tags.name == versions.c.name,
        tags.version == versions.c.version,
    )  # fmt: skip
    return func.coalesce(own.correlate(versions).scalar_subquery(), default)


def _items(opened: Connection, keys: list[tuple[str, int]]) -> list[VersionItem]:
    """Versions by name and number, in the order of `keys`."""
    from sqlalchemy import select, tuple_

    if not keys:
        return []
    found = tables()
    versions, own, pointing = found.versions.c, found.version_tags.c, found.aliases.c

    def of(table: Any) -> Any:
        return (table.workspace == "default") & tuple_(table.name, table.version).in_(keys)

    heads = {
        (row.name, row.version): row
        for row in opened.execute(
            select(
                versions.name, versions.version, versions.run_id, versions.storage_location,
                versions.creation_time, versions.last_updated_time, versions.description,
            ).where(of(versions), versions.current_stage != "Deleted_Internal")
        )
    }  # fmt: skip
    tags: dict[tuple[str, int], dict[str, str]] = {key: {} for key in keys}
    for name, number, key, value in opened.execute(
        select(own.name, own.version, own.key, own.value).where(of(own))
    ):
        tags[(name, number)][key] = value
    aliases: dict[tuple[str, int], list[str]] = {key: [] for key in keys}
    for name, number, alias in opened.execute(
        select(pointing.name, pointing.version, pointing.alias).where(of(pointing))
    ):
        aliases[(name, number)].append(alias)
    return [
        VersionItem(
            Version(name, number, head.run_id or "", tags[key], place=head.storage_location or ""),
            head.creation_time or 0,
            head.last_updated_time or head.creation_time or 0,
            head.description or "",
            tuple(sorted(aliases[key])),
        )
        for key in keys
        if (head := heads.get(key)) is not None
        for name, number in [key]
    ]
