"""Approvals of code in the record: /api/v1/approvals."""
