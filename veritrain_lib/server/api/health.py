"""Routes of /api/v1/health: liveness and readiness of the server."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Literal

from fastapi import APIRouter, Response
from sqlalchemy import text

from veritrain_lib import __version__
from veritrain_lib.core import project
from veritrain_lib.server.api.casing import ResponseModel
from veritrain_lib.server.database import migrate
from veritrain_lib.server.database.session import engine

router = APIRouter(tags=["health"])

CheckStatus = Literal["ok", "failed"]


class HealthChecks(ResponseModel):
    """Results of the checks: the database answers, our tables match this version, and artifacts can be stored."""

    database: CheckStatus
    tables: CheckStatus
    artifacts: CheckStatus


class HealthResponse(ResponseModel):
    """Health of the server."""

    status: Literal["healthy", "unhealthy"]
    service: str
    version: str
    checks: HealthChecks


class LivenessResponse(ResponseModel):
    """Confirmation that the process answers."""

    status: Literal["alive"] = "alive"
    service: str = "veritrain"
    version: str = __version__


@router.get("/health/live", response_model=LivenessResponse, summary="Check liveness: the process answers")
async def liveness() -> LivenessResponse:
    """Return that the process answers, without any other check.

    A server must not be restarted only because its database is down.
    """
    return LivenessResponse()


@router.get(
    "/health/ready",
    response_model=HealthResponse,
    responses={503: {"model": HealthResponse, "description": "A check failed"}},
    summary="Check readiness: database, tables and artifacts",
)
@router.get(
    "/health",
    response_model=HealthResponse,
    responses={503: {"model": HealthResponse, "description": "A check failed"}},
    summary="Check health (same as readiness)",
)
def health(response: Response) -> HealthResponse:
    """Return the results of all checks.

    503 if a check fails; the log and `veritrain doctor` say why.
    """
    checks = HealthChecks(
        database=_state(_database), tables=_state(migrate.check), artifacts=_state(_artifacts)
    )
    healthy = all(state == "ok" for state in checks.model_dump().values())
    if not healthy:
        response.status_code = 503
    return HealthResponse(
        status="healthy" if healthy else "unhealthy", service="veritrain", version=__version__, checks=checks
    )


def _state(check: Callable[[], None]) -> CheckStatus:
    """Return the result of a check without its error, whose message may contain private paths."""
    try:
        check()
    except Exception:  # noqa: BLE001 (any error means that the check failed)
        return "failed"
    return "ok"


def _database() -> None:
    with engine().connect() as connection:
        connection.execute(text("SELECT 1"))


def _artifacts() -> None:
    folder = project.artifacts()
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OSError("the folder of artifacts can't be written to")
