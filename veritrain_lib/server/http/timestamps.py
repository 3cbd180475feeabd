"""Conversion of MLflow's timestamps (milliseconds since 1970) to the times in API responses."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_datetime(milliseconds: int) -> datetime:
    """Return a timestamp of MLflow (milliseconds since 1970) as a datetime in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def utc_isoformat(milliseconds: int) -> str:
    """Return a timestamp of MLflow (milliseconds since 1970) as an ISO 8601 text in UTC, with milliseconds."""
    return utc_datetime(milliseconds).isoformat(timespec="milliseconds")
