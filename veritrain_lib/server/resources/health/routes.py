"""Routes of /api/v1/health: liveness and readiness of the server."""

from __future__ import annotations

from fastapi import APIRouter, Response

from veritrain_lib import __version__
from veritrain_lib.server.resources.health.checks import run_checks
from veritrain_lib.server.resources.health.schemas import HealthResponse, LivenessResponse

router = APIRouter(tags=["health"])


@router.get("/health/live", response_model=LivenessResponse, summary="Check liveness: the process answers")
async def liveness() -> LivenessResponse:
    """Confirm that the server process answers; nothing else is checked.

    So a load balancer does not restart the server only because its database is down.
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
    """Check whether the server can work: database, tables and artifact store.

    The response is 503 if a check fails; the log and `veritrain doctor` say why.
    """
    checks = run_checks()
    healthy = all(state == "ok" for state in checks.model_dump().values())
    if not healthy:
        response.status_code = 503
    return HealthResponse(
        status="healthy" if healthy else "unhealthy", service="veritrain", version=__version__, checks=checks
    )
