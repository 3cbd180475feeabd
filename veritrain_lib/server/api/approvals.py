"""Routes of /api/v1/approvals: approvals of code stored in the MLflow record. For admins only."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import Field

from veritrain_lib.server.api.casing import RequestModel, ResponseModel
from veritrain_lib.server.api.current_user import CurrentUserName
from veritrain_lib.server.api.problems import NotFound
from veritrain_lib.trust import approvals

router = APIRouter(tags=["approvals"])

DIGEST = r"^[0-9a-f]{64}$"


class ApprovalRequest(RequestModel):
    """Content digest to approve."""

    digest: str = Field(pattern=DIGEST, description="SHA-256 digest that the error message names")
    note: str = Field(default="", max_length=500, description="description for people who read the list")


class ApprovalItem(ResponseModel):
    """Approved content that may run: who approved it, and when (UTC)."""

    digest: str
    note: str
    by: str
    at: str


@router.get("/approvals", response_model=list[ApprovalItem], summary="List approvals of code in the record")
def list_approvals() -> Any:
    """List the approvals, oldest first.

    Approvals given on the command line of the server's machine are included.
    """
    return [asdict(approval) for approval in approvals.list_approvals()]


@router.post("/approvals", response_model=ApprovalItem, status_code=201, summary="Approve code in the record")
def approve(approval: ApprovalRequest, user_name: CurrentUserName) -> Any:
    """Approve content by its digest.

    From now on, whoever opens a model with this content runs its author's code with the rights of the server.
    """
    return asdict(approvals.approve(approval.digest, approval.note, user_name))


@router.delete("/approvals/{digest}", status_code=204, response_class=Response, summary="Revoke an approval")
def revoke(digest: Annotated[str, Path(pattern=DIGEST)]) -> None:
    """Revoke an approval.

    404 if the digest is not approved. Processes that already run the code continue.
    """
    if not approvals.revoke(digest):
        raise NotFound(f"{digest} is not approved")
