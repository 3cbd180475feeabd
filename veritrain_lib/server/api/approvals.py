"""Routes of /api/v1: approvals of code that lies in the record; for admins only."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import Field

from veritrain_lib.server.api.casing import Answer, Given
from veritrain_lib.server.api.current_user import CallerName
from veritrain_lib.server.api.problems import NotFound
from veritrain_lib.trust import approvals

router = APIRouter(tags=["approvals"])

DIGEST = r"^[0-9a-f]{64}$"


class ApprovalGiven(Given):
    """Content to approve."""

    digest: str = Field(pattern=DIGEST, description="as the refusal names it")
    note: str = Field(default="", max_length=500, description="what it is, for those who read the list")


class ApprovalItem(Answer):
    """Content that may run: by whom it was approved and when (UTC)."""

    digest: str
    note: str
    by: str
    at: str


@router.get("/approvals", response_model=list[ApprovalItem], summary="What code of the record may run")
def list_approvals() -> Any:
    """The oldest first. Those given on the command line of the server's machine are among them."""
    return [asdict(one) for one in approvals.listing()]


@router.post("/approvals", response_model=ApprovalItem, status_code=201, summary="Let code of the record run")
def approve(given: ApprovalGiven, caller: CallerName) -> Any:
    """Whoever opens a model with this content from now on runs its author's code, with the server's rights."""
    return asdict(approvals.approve(given.digest, given.note, caller))


@router.delete(
    "/approvals/{digest}", status_code=204, response_class=Response, summary="Take an approval back"
)
def revoke(digest: Annotated[str, Path(pattern=DIGEST)]) -> None:
    """404 when there is none. What runs already goes on."""
    if not approvals.revoke(digest):
        raise NotFound(f"{digest} is not approved")
