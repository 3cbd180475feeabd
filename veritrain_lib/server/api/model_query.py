"""Which models a client asks for, and in which order."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Query

from veritrain_lib.server.api.paging import Filters
from veritrain_lib.server.api.problems import WrongField
from veritrain_lib.server.serializers.model import STATUS, TYPE
from veritrain_lib.tracking import registered_models
from veritrain_lib.tracking.version_listing import VersionQuery

ORDERS: dict[str, dict[str, Any]] = {
    "name": {"order": "name"},
    "version": {"order": "version"},
    "created_at": {"order": "creation_time"},
    "updated_at": {"order": "last_updated_time"},
    "type": {"order_tag": (TYPE, "base")},
    "status": {"order_tag": (STATUS, "available")},
}

SortBy = Literal[
    "name", "version", "type", "status", "created_at", "createdAt", "updated_at", "updatedAt", ""
]
SortOrder = Literal["asc", "desc", "ascend", "descend", ""]


def sorting_asked(
    sort_by: Annotated[SortBy, Query()] = "",
    sort_by_camel: Annotated[SortBy, Query(alias="sortBy")] = "",
    sort_order: Annotated[SortOrder, Query()] = "",
    sort_order_camel: Annotated[SortOrder, Query(alias="sortOrder")] = "",
) -> tuple[str, bool]:
    """One of `ORDERS`, and whether descending; the newest first unless asked otherwise."""
    by = {"createdAt": "created_at", "updatedAt": "updated_at"}.get(
        found := sort_by or sort_by_camel or "created_at", found
    )
    order = sort_order or sort_order_camel or ("desc" if by.endswith("_at") else "asc")
    return by, order.startswith("desc")


def models_query(filters: Filters, by: str, descending: bool) -> VersionQuery:
    """The versions that are models, those that the filters let through. Raises WrongField for a value there is not."""
    tags: dict[str, list[str]] = {}
    without: dict[str, list[str]] = {registered_models.PROMPT: []}
    _choose(TYPE, "type", filters.type, ("base", "adapter"), tags, without)
    _choose(STATUS, "status", filters.status, ("available", "deprecated", "training"), tags, without)
    return VersionQuery(
        tags=tags, without=without, search=filters.search, descending=descending, **ORDERS[by]
    )


def _choose(
    tag: str, name: str, given: str, values: tuple[str, ...], tags: dict[str, list[str]],
    without: dict[str, list[str]],
) -> None:  # fmt: skip
    """Narrow a query to a value of a tag; the first of the values is what a version without the tag has."""
    if not given:
        return
    if given not in values:
        raise WrongField(f"query.{name}", f"{name} is {given!r}; allowed: {', '.join(values)}")
    if given == values[0]:
        without[tag] = list(values[1:])
    else:
        tags[tag] = [given]
