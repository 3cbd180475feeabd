"""Query parameters of the REST API's lists (page and filters), and the JSON object around a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from pydantic import BaseModel

from veritrain_lib.server.database.preferences import stored_preferences
from veritrain_lib.server.http.current_user import current_principal
from veritrain_lib.server.http.problems import WrongField

MAX_PAGE_SIZE = 100
"""Maximum page size that a client can ask for."""
DEFAULT_PAGE_SIZE = 20
"""Page size if neither the request nor the user's preferences name one."""


@dataclass(frozen=True)
class PageRequest:
    """Page of a list that a client asks for.

    Attributes:
        page: Number of the page, from 1.
        size: Maximum number of items on the page.
    """

    page: int
    size: int

    @property
    def offset(self) -> int:
        """Return the number of items before the page."""
        return (self.page - 1) * self.size


def page_request(
    request: Request,
    page: Annotated[int, Query(ge=1, le=1_000_000, description="counted from 1")] = 1,
    page_size: Annotated[int | None, Query(ge=1, le=MAX_PAGE_SIZE)] = None,
    camel_size: Annotated[int | None, Query(alias="pageSize", ge=1, le=MAX_PAGE_SIZE)] = None,
) -> PageRequest:
    """Return the page of a list that a request asks for, by `page` and `page_size` (or `pageSize`).

    The default page size is the user's preference `items_per_page`.
    """
    size = page_size or camel_size
    if size is None:
        size = _preferred_size(current_principal(request).user_id)
    return PageRequest(page, size)


def _preferred_size(user_id: str) -> int:
    """Return a user's preference `items_per_page`; the default page size if it is not set or not valid."""
    size = stored_preferences(user_id).get("items_per_page")
    return size if type(size) is int and 1 <= size <= MAX_PAGE_SIZE else DEFAULT_PAGE_SIZE


Paging = Annotated[PageRequest, Depends(page_request)]
"""Parameter type of a list's route: FastAPI fills it with the page that the request asks for."""


class Page(BaseModel):
    """JSON object around one page of a list, with its keys in snake_case and in camelCase."""

    items: list[Any]
    total: int
    page: int
    page_size: int
    pageSize: int  # in the casing of page clients
    total_pages: int
    totalPages: int


def envelope(items: Sequence[Any], total: int, paging: PageRequest) -> dict[str, Any]:
    """Return the JSON object for one page of a list: its items, the total, and the page's number and size.

    Args:
        items: Items on the page.
        total: Number of items on all pages.
        paging: The requested page.
    """
    pages = -(-total // paging.size)
    return {
        "items": list(items), "total": total, "page": paging.page,
        "page_size": paging.size, "pageSize": paging.size, "total_pages": pages, "totalPages": pages,
    }  # fmt: skip


@dataclass(frozen=True)
class Filters:
    """Filters that every list of the REST API supports; an empty text does not filter.

    Attributes:
        search: Text that an item must contain.
        type: Type that an item must have.
        status: Status that an item must have.
    """

    search: str = ""
    type: str = ""
    status: str = ""


def list_filters(
    search: Annotated[str | None, Query(max_length=200)] = None,
    type: Annotated[str | None, Query(max_length=40)] = None,
    status: Annotated[str | None, Query(max_length=40)] = None,
    bracket_search: Annotated[str | None, Query(alias="filters[search]", max_length=200)] = None,
    bracket_type: Annotated[str | None, Query(alias="filters[type]", max_length=40)] = None,
    bracket_status: Annotated[str | None, Query(alias="filters[status]", max_length=40)] = None,
) -> Filters:
    """Return the filters in a request's query.

    A filter is a plain parameter (`search=`) or one in brackets (`filters[search]=`, as the library axios sends it).

    Raises:
        WrongField: A filter contains a NUL character.
    """
    values = {
        "search": search or bracket_search or "", "type": type or bracket_type or "", "status": status or bracket_status or "",
    }  # fmt: skip
    for name, text in values.items():
        if "\x00" in text:  # PostgreSQL can't store it
            raise WrongField(f"query.{name}", f"{name} contains a NUL character")
    return Filters(**values)


Filtering = Annotated[Filters, Depends(list_filters)]
"""Parameter type of a list's route: FastAPI fills it with the filters in the request's query."""
