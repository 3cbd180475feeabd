"""Routes of /api/v1: health."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Literal

from fastapi import APIRouter, Response
from sqlalchemy import text

from veritrain_lib import __version__
from veritrain_lib.core import project
from veritrain_lib.server.api.casing import Answer
from veritrain_lib.server.database import migrate
from veritrain_lib.server.database.session import engine

router = APIRouter(tags=["health"])

State = Literal["ok", "failed"]


class Checks(Answer):
    """What was looked at: does the database answer, are our tables those of this version, can files be stored?"""

    database: State
    tables: State
    artifacts: State


class Health(Answer):
    """How the server is."""

    status: Literal["healthy", "unhealthy"]
    service: str
    version: str
    checks: Checks


class Alive(Answer):
    """That the process answers."""

    status: Literal["alive"] = "alive"
    service: str = "veritrain"
    version: str = __version__


@router.get("/health/live", response_model=Alive, summary="Does the process answer? (liveness)")
async def live() -> Alive:
    """Looks at nothing else: a server whose database is away must not be restarted for that."""
    return Alive()


@router.get(
    "/health/ready",
    response_model=Health,
    responses={503: {"model": Health, "description": "A check failed"}},
    summary="Can it work? (readiness)",
)
@router.get(
    "/health",
    response_model=Health,
    responses={503: {"model": Health, "description": "A check failed"}},
    summary="Is the server well? (as ready)",
)
def health(response: Response) -> Health:
    """503 when a check fails; the log and `veritrain doctor` say why."""
    checks = Checks(database=_state(_database), tables=_state(migrate.check), artifacts=_state(_artifacts))
    well = all(one == "ok" for one in checks.model_dump().values())
    if not well:
        response.status_code = 503
    return Health(
        status="healthy" if well else "unhealthy", service="veritrain", version=__version__, checks=checks
    )


def _state(check: Callable[[], None]) -> State:
    """What an error says may name places that are nobody's business here."""
    try:
        check()
    except Exception:  # noqa: BLE001 (whatever it is, the check failed)
        return "failed"
    return "ok"


def _database() -> None:
    with engine().connect() as opened:
        opened.execute(text("SELECT 1"))


def _artifacts() -> None:
    folder = project.artifacts()
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OSError("the folder of artifacts can't be written to")
