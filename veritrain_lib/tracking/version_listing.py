"""Pages of the list of model versions: counted, filtered, sorted and cut by the database in one consistent read."""

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
"""Columns by which a list of model versions can be sorted."""


@dataclass(frozen=True)
class VersionQuery:
    """Filter and order of a list of model versions.

    Attributes:
        tags: Allowed values by tag; an empty collection only requires that the version has the tag.
        without: Excluded values by tag; an empty collection excludes every version that has the tag.
        search: Part of the registered model's name; case-insensitive.
        order: Column to sort by: `creation_time`, `last_updated_time`, `name` or `version`; equal versions are sorted by
            name, then by version number from the highest.
        descending: Whether the largest value comes first.
        order_tag: Tag to sort by before `order`: its name, and the value that a version without it counts as; None for
            no such tag.
    """

    tags: Mapping[str, Collection[str]] = field(default_factory=dict)
    without: Mapping[str, Collection[str]] = field(default_factory=dict)
    search: str = ""
    order: Literal["creation_time", "last_updated_time", "name", "version"] = "creation_time"
    descending: bool = True
    order_tag: tuple[str, str] | None = None


@dataclass(frozen=True)
class VersionItem:
    """Model version as lists show it.

    Attributes:
        version: The version.
        created: Creation time in milliseconds since 1970.
        updated: Time of the last change in milliseconds since 1970.
        description: The version's description; may be empty.
        aliases: Aliases that point at the version, sorted.
    """

    version: Version
    created: int
    updated: int
    description: str
    aliases: tuple[str, ...]


def versions_page(query: VersionQuery, *, offset: int = 0, limit: int = 20) -> tuple[list[VersionItem], int]:
    """Return one page of the model versions that match a query, and how many match in all.

    Args:
        query: Filter and order.
        offset: Number of versions before the page.
        limit: Maximum versions on the page.
    """
    from sqlalchemy import func, select

    versions = tables().versions
    with connect() as connection:
        selected = _filtered(query, select(versions.c.name, versions.c.version, func.count().over()))
        columns = [*([_tag_of(*query.order_tag)] if query.order_tag else []), versions.c[query.order]]
        order_by = [column.desc() if query.descending else column.asc() for column in columns]
        ordered = selected.order_by(*order_by, versions.c.name, versions.c.version.desc())
        page = connection.execute(ordered.offset(offset).limit(limit)).all()
        if not page and (offset or not limit):
            # Past the last page there is no row that carries the total.
            count = _filtered(query, select(func.count()).select_from(versions))
            return [], int(connection.execute(count).scalar_one())
        return _items(connection, [(row[0], row[1]) for row in page]), page[0][2] if page else 0


def read_version(name: str, number: int) -> VersionItem | None:
    """Return version `number` of the registered model `name`, as lists show it; None without one."""
    with connect() as connection:
        return next(iter(_items(connection, [(name, number)])), None)


def versions_with_alias(alias: str) -> list[VersionItem]:
    """Return the model versions with an alias, such as `champion`: at most one for each registered model, by name."""
    from sqlalchemy import select

    aliases = tables().aliases.c
    with connect() as connection:
        selection = select(aliases.name, aliases.version).where(
            aliases.workspace == "default", aliases.alias == alias
        )
        keys = [(row.name, row.version) for row in connection.execute(selection.order_by(aliases.name))]
        return _items(connection, keys)


def _filtered(query: VersionQuery, selection: Select[Any]) -> Select[Any]:
    from sqlalchemy import exists, select, tuple_

    versions, tags = tables().versions.c, tables().version_tags.c
    selected = selection.where(versions.current_stage != "Deleted_Internal", versions.workspace == "default")

    def value_condition(values: Collection[str]) -> list[Any]:
        return [tags.value.in_(values)] if values else []

    for key, values in query.tags.items():
        # A subquery that runs once: else PostgreSQL would look up the tag of each version, one by one.
        matching = select(tags.name, tags.version).where(
            tags.workspace == "default", tags.key == key, *value_condition(values)
        )
        selected = selected.where(tuple_(versions.name, versions.version).in_(matching))
    for key, values in query.without.items():
        # No list here: SQLite would scan all of it for a pair that is not in it.
        same_version = [
            tags.workspace == "default",
            tags.name == versions.name,
            tags.version == versions.version,
        ]
        selected = selected.where(~exists().where(*same_version, tags.key == key, *value_condition(values)))
    if query.search:
        selected = selected.where(contains(versions.name, query.search))
    return selected


def _tag_of(key: str, default: str) -> Any:
    """Return an SQL column with the value of a version's tag, to sort by.

    Args:
        key: Key of the tag.
        default: Value of a version without the tag.
    """
    from sqlalchemy import func, select

    versions, tags = tables().versions, tables().version_tags.c
    tag_value = select(tags.value).where(
        tags.workspace == "default", tags.key == key, tags.name == versions.c.name,
        tags.version == versions.c.version,
    )  # fmt: skip
    return func.coalesce(tag_value.correlate(versions).scalar_subquery(), default)


def _items(connection: Connection, keys: list[tuple[str, int]]) -> list[VersionItem]:
    """Return model versions as lists show them, in the order of `keys`; missing ones are left out.

    Args:
        connection: Connection to MLflow's database.
        keys: Model name and version number of each version.
    """
    from sqlalchemy import select, tuple_

    if not keys:
        return []
    mlflow_tables = tables()
    versions, version_tags, alias_table = (
        mlflow_tables.versions.c,
        mlflow_tables.version_tags.c,
        mlflow_tables.aliases.c,
    )

    def selected(table: Any) -> Any:
        return (table.workspace == "default") & tuple_(table.name, table.version).in_(keys)

    rows = {
        (row.name, row.version): row
        for row in connection.execute(
            select(
                versions.name, versions.version, versions.run_id, versions.storage_location,
                versions.creation_time, versions.last_updated_time, versions.description,
            ).where(selected(versions), versions.current_stage != "Deleted_Internal")
        )
    }  # fmt: skip
    tags: dict[tuple[str, int], dict[str, str]] = {key: {} for key in keys}
    for name, number, key, value in connection.execute(
        select(version_tags.name, version_tags.version, version_tags.key, version_tags.value).where(
            selected(version_tags)
        )
    ):
        tags[(name, number)][key] = value
    aliases: dict[tuple[str, int], list[str]] = {key: [] for key in keys}
    for name, number, alias in connection.execute(
        select(alias_table.name, alias_table.version, alias_table.alias).where(selected(alias_table))
    ):
        aliases[(name, number)].append(alias)
    return [
        VersionItem(
            Version(
                name,
                number,
                head_row.run_id or "",
                tags[key],
                storage_location=head_row.storage_location or "",
            ),
            head_row.creation_time or 0,
            head_row.last_updated_time or head_row.creation_time or 0,
            head_row.description or "",
            tuple(sorted(aliases[key])),
        )
        for key in keys
        if (head_row := rows.get(key)) is not None
        for name, number in [key]
    ]
