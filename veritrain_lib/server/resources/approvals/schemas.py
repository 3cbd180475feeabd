"""Request and response schemas of the approval routes."""

from __future__ import annotations

from pydantic import Field

from veritrain_lib.server.http.casing import RequestModel, ResponseModel

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
