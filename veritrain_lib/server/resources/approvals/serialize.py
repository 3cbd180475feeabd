"""Serializer of approvals."""

from __future__ import annotations

from dataclasses import asdict

from veritrain_lib.server.resources.approvals.schemas import ApprovalItem
from veritrain_lib.trust.approvals import Approval


def approval_item(approval: Approval) -> ApprovalItem:
    """Return an approval as an item of the list."""
    return ApprovalItem(**asdict(approval))
