"""Routes of /api/v1/approvals, by which admins allow stored code (such as a model's) to run."""

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
    """List the approvals by which admins have allowed stored code to run, oldest first.

    Approvals that were given on the command line of the server's machine are included.
    """
    return [approval_item(approval) for approval in approvals.list_approvals()]


@router.post("/approvals", response_model=ApprovalItem, status_code=201, summary="Approve code in the record")
def approve(approval: ApprovalRequest, user_name: CurrentUserName) -> Any:
    """Allow stored code to run, by the digest of its content.

    From then on, opening a model with this content runs the code of its author with the rights of the server.
    """
    return approval_item(approvals.approve(approval.digest, approval.note, user_name))


@router.delete("/approvals/{digest}", status_code=204, response_class=Response, summary="Revoke an approval")
def revoke(digest: Annotated[str, Path(pattern=DIGEST)]) -> None:
    """Revoke the approval of stored code.

    The response is 404 if the digest is not approved. Processes that already run the code continue.
    """
    if not approvals.revoke(digest):
        raise NotFound(f"{digest} is not approved")
