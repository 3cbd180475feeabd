"""Schemas of the responses of the health routes."""

from __future__ import annotations

from typing import Literal

from veritrain_lib import __version__
from veritrain_lib.server.http.casing import ResponseModel

CheckStatus = Literal["ok", "failed"]


class HealthChecks(ResponseModel):
    """Result of each health check: the database answers, its tables have the right version, artifacts can be stored."""

    database: CheckStatus
    tables: CheckStatus
    artifacts: CheckStatus


class HealthResponse(ResponseModel):
    """Health of the server: `unhealthy` if any check failed."""

    status: Literal["healthy", "unhealthy"]
    service: str
    version: str
    checks: HealthChecks


class LivenessResponse(ResponseModel):
    """Confirmation that the server process answers."""

    status: Literal["alive"] = "alive"
    service: str = "veritrain"
    version: str = __version__
