"""Conversion of an approval of stored code to its API response."""

from __future__ import annotations

from dataclasses import asdict

from veritrain_lib.server.resources.approvals.schemas import ApprovalItem
from veritrain_lib.trust.approvals import Approval


def approval_item(approval: Approval) -> ApprovalItem:
    """Return the API response for one approval of stored code."""
    return ApprovalItem(**asdict(approval))
