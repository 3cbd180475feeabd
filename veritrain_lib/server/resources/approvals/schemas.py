"""Request and response schemas of the approval routes."""

from __future__ import annotations

from pydantic import Field

from veritrain_lib.server.http.casing import RequestModel, ResponseModel

DIGEST = r"^[0-9a-f]{64}$"
"""Regular expression for a SHA-256 digest in hexadecimal."""


class ApprovalRequest(RequestModel):
    """Request body that approves stored code by the digest of its content."""

    digest: str = Field(pattern=DIGEST, description="SHA-256 digest that the error message names")
    note: str = Field(default="", max_length=500, description="description for people who read the list")


class ApprovalItem(ResponseModel):
    """Approval of stored code: the digest of its content, a note, who approved it (`by`), and when (`at`, in UTC)."""

    digest: str
    note: str
    by: str
    at: str
