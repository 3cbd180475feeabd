"""The REST API as one FastAPI application, with its documentation served from here."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from veritrain_lib import __version__
from veritrain_lib.server.api import (
    approvals,
    auth,
    datasets,
    evaluations,
    experiments,
    health,
    models,
    problems,
    reports,
    settings,
)
from veritrain_lib.server.live import stream

PREFIX = "/api/v1"

ROOMS = (health, auth, models, datasets, experiments, stream, evaluations, reports, settings, approvals)


def api() -> FastAPI:
    """The application to mount under `PREFIX`."""
    made = FastAPIOffline(
        title="Veri-Train",
        version=__version__,
        description="Models, datasets, experiments, evaluations and reports of the record, and work on them.",
        docs_url="/docs",
        redoc_url="/redoc",
        openapi_url="/openapi.json",
        static_url="/docs-assets",
        responses=problems.RESPONSES,
    )
    problems.install(made)
    for room in ROOMS:
        made.include_router(room.router)
    return made
