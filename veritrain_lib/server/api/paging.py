"""Pages of a list: how a client asks for them, and the envelope that they come in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from pydantic import BaseModel

from veritrain_lib.server.api.problems import WrongField
from veritrain_lib.server.auth.principal import current_caller

MOST = 100
DEFAULT = 20


@dataclass(frozen=True)
class PageAsked:
    """A page, counted from 1, and how many items are on one."""

    page: int
    size: int

    @property
    def offset(self) -> int:
        """How many items stand before it."""
        return (self.page - 1) * self.size


def page_asked(
    request: Request,
    page: Annotated[int, Query(ge=1, le=1_000_000, description="counted from 1")] = 1,
    page_size: Annotated[int | None, Query(ge=1, le=MOST)] = None,
    camel_size: Annotated[int | None, Query(alias="pageSize", ge=1, le=MOST)] = None,
) -> PageAsked:
    """From `page` and `page_size` or `pageSize`; without a size, the caller's `items_per_page`."""
    size = page_size or camel_size
    if size is None:
        from veritrain_lib.server.settings.preferences import items_per_page

        size = items_per_page(current_caller(request).user_id)
    return PageAsked(page, size)


Paging = Annotated[PageAsked, Depends(page_asked)]


class Page(BaseModel):
    """A page of a list. The numbers are there in both casings."""

    items: list[Any]
    total: int
    page: int
    page_size: int
    pageSize: int  # as page clients read it
    total_pages: int
    totalPages: int


def envelope(items: Sequence[Any], total: int, asked: PageAsked) -> dict[str, Any]:
    """The list envelope."""
    pages = -(-total // asked.size)
    return {
        "items": list(items), "total": total, "page": asked.page,
        "page_size": asked.size, "pageSize": asked.size, "total_pages": pages, "totalPages": pages,
    }  # fmt: skip


@dataclass(frozen=True)
class Filters:
    """The filters that every list knows; empty ones ask nothing."""

    search: str = ""
    type: str = ""
    status: str = ""


def filters_asked(
    search: Annotated[str | None, Query(max_length=200)] = None,
    type: Annotated[str | None, Query(max_length=40)] = None,
    status: Annotated[str | None, Query(max_length=40)] = None,
    search_in: Annotated[str | None, Query(alias="filters[search]", max_length=200)] = None,
    type_in: Annotated[str | None, Query(alias="filters[type]", max_length=40)] = None,
    status_in: Annotated[str | None, Query(alias="filters[status]", max_length=40)] = None,
) -> Filters:
    """From the plain parameters or their bracket form (axios)."""
    given = {
        "search": search or search_in or "", "type": type or type_in or "", "status": status or status_in or "",
    }  # fmt: skip
    for name, text in given.items():
        if "\x00" in text:  # PostgreSQL takes none
            raise WrongField(f"query.{name}", f"{name} holds a NUL")
    return Filters(**given)


Filtering = Annotated[Filters, Depends(filters_asked)]
