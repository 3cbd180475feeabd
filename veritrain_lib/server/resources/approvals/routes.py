"""Routes of /api/v1/approvals: approvals of code stored in the MLflow record. For admins only."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from veritrain_lib.server.http.current_user import CurrentUserName
from veritrain_lib.server.http.problems import NotFound
from veritrain_lib.server.resources.approvals.schemas import DIGEST, ApprovalItem, ApprovalRequest
from veritrain_lib.server.resources.approvals.serialize import approval_item
from veritrain_lib.trust import approvals

router = APIRouter(tags=["approvals"])


@router.get("/approvals", response_model=list[ApprovalItem], summary="List approvals of code in the record")
def list_approvals() -> Any:
    """List the approvals, oldest first.

    Approvals given on the command line of the server's machine are included.
    """
    return [approval_item(approval) for approval in approvals.list_approvals()]


@router.post("/approvals", response_model=ApprovalItem, status_code=201, summary="Approve code in the record")
def approve(approval: ApprovalRequest, user_name: CurrentUserName) -> Any:
    """Approve content by its digest.

    From now on, whoever opens a model with this content runs its author's code with the rights of the server.
    """
    return approval_item(approvals.approve(approval.digest, approval.note, user_name))


@router.delete("/approvals/{digest}", status_code=204, response_class=Response, summary="Revoke an approval")
def revoke(digest: Annotated[str, Path(pattern=DIGEST)]) -> None:
    """Revoke an approval.

    404 if the digest is not approved. Processes that already run the code continue.
    """
    if not approvals.revoke(digest):
        raise NotFound(f"{digest} is not approved")
