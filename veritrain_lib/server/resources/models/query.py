"""Conversion of the filters and the sort order of the model list to a database query."""

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
"""Database sort order for each column by which the model list can be sorted."""

SortBy = Literal[
    "name", "version", "type", "status", "created_at", "createdAt", "updated_at", "updatedAt", ""
]
"""Columns by which a client can sort; an empty text means the default."""
SortOrder = Literal["asc", "desc", "ascend", "descend", ""]
"""Sort orders that a client can ask for; an empty text means the default."""


def requested_sorting(
    sort_by: Annotated[SortBy, Query()] = "",
    sort_by_camel: Annotated[SortBy, Query(alias="sortBy")] = "",
    sort_order: Annotated[SortOrder, Query()] = "",
    sort_order_camel: Annotated[SortOrder, Query(alias="sortOrder")] = "",
) -> tuple[str, bool]:
    """Return the sort order of the model list that a client asks for.

    Returns:
        A key of `ORDERS` (`created_at` by default), and True for descending order (the default for times only).
    """
    column = {"createdAt": "created_at", "updatedAt": "updated_at"}.get(
        requested := sort_by or sort_by_camel or "created_at", requested
    )
    order = sort_order or sort_order_camel or ("desc" if column.endswith("_at") else "asc")
    return column, order.startswith("desc")


def models_query(filters: Filters, column: str, descending: bool) -> VersionQuery:
    """Return the database query for the model versions that match a client's filters.

    Prompts, which MLflow keeps in the same registry, are left out.

    Args:
        filters: Filters of the request.
        column: Key of `ORDERS`.
        descending: Whether the order is descending.

    Raises:
        WrongField: The filter `type` or `status` has a value that does not exist.
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
    """Restrict a query to the versions with one value of a tag.

    A version without the tag counts as the first allowed value.

    Args:
        tag: Name of the tag.
        name: Name of the filter, for the error message.
        value: Requested value; empty for no restriction.
        allowed: Values of the tag.
        tags: Tags that a version must have; changed.
        without: Tags that a version must not have; changed.

    Raises:
        WrongField: The value is none of the allowed ones.
    """
    if not value:
        return
    if value not in allowed:
        raise WrongField(f"query.{name}", f"{name} is {value!r}; allowed: {', '.join(allowed)}")
    if value == allowed[0]:
        without[tag] = list(allowed[1:])
    else:
        tags[tag] = [value]
