"""Health checks: the database answers, its tables have the version of this code, and artifacts can be stored."""

from __future__ import annotations

import os
from collections.abc import Callable

from sqlalchemy import text

from veritrain_lib.core import project
from veritrain_lib.server.database import migrate
from veritrain_lib.server.database.session import engine
from veritrain_lib.server.resources.health.schemas import CheckStatus, HealthChecks


def run_checks() -> HealthChecks:
    """Run all health checks of the server and return the result of each."""
    return HealthChecks(
        database=_state(_database), tables=_state(migrate.check), artifacts=_state(_artifacts)
    )


def _state(check: Callable[[], None]) -> CheckStatus:
    """Return `ok` or `failed` for a check; its error is not returned, since the message may contain private paths."""
    try:
        check()
    except Exception:  # noqa: BLE001 (any error means that the check failed)
        return "failed"
    return "ok"


def _database() -> None:
    """Run a trivial database query; raise an error if the database does not answer."""
    with engine().connect() as connection:
        connection.execute(text("SELECT 1"))


def _artifacts() -> None:
    """Raise OSError if the folder of artifacts can't be written to."""
    folder = project.artifacts()
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OSError("the folder of artifacts can't be written to")
