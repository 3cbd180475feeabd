"""Filters and sort order of the model list, translated into a query of model versions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Query

from veritrain_lib.server.http.paging import Filters
from veritrain_lib.server.http.problems import WrongField
from veritrain_lib.server.resources.models.versions import STATUS, TYPE
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


def requested_sorting(
    sort_by: Annotated[SortBy, Query()] = "",
    sort_by_camel: Annotated[SortBy, Query(alias="sortBy")] = "",
    sort_order: Annotated[SortOrder, Query()] = "",
    sort_order_camel: Annotated[SortOrder, Query(alias="sortOrder")] = "",
) -> tuple[str, bool]:
    """Return a key of `ORDERS`, and whether the order is descending (default: newest first)."""
    column = {"createdAt": "created_at", "updatedAt": "updated_at"}.get(
        requested := sort_by or sort_by_camel or "created_at", requested
    )
    order = sort_order or sort_order_camel or ("desc" if column.endswith("_at") else "asc")
    return column, order.startswith("desc")


def models_query(filters: Filters, column: str, descending: bool) -> VersionQuery:
    """Return the query for model versions that match the filters, without prompts.

    Raises:
        WrongField: A filter has a value that does not exist.
    """
    tags: dict[str, list[str]] = {}
    without: dict[str, list[str]] = {registered_models.PROMPT_TAG: []}
    _choose(TYPE, "type", filters.type, ("base", "adapter"), tags, without)
    _choose(STATUS, "status", filters.status, ("available", "deprecated", "training"), tags, without)
    return VersionQuery(
        tags=tags, without=without, search=filters.search, descending=descending, **ORDERS[column]
    )


def _choose(
    tag: str, name: str, value: str, allowed: tuple[str, ...], tags: dict[str, list[str]],
    without: dict[str, list[str]],
) -> None:  # fmt: skip
    """Restrict a query to one value of a tag; versions without the tag have the first of the allowed values."""
    if not value:
        return
    if value not in allowed:
        raise WrongField(f"query.{name}", f"{name} is {value!r}; allowed: {', '.join(allowed)}")
    if value == allowed[0]:
        without[tag] = list(allowed[1:])
    else:
        tags[tag] = [value]
