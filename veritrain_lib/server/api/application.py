"""REST API as one FastAPI application, with its documentation pages served offline.

Open this module to see which route modules the API consists of or to mount the API in another application.
"""

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

ROUTE_MODULES = (
    health,
    auth,
    models,
    datasets,
    experiments,
    stream,
    evaluations,
    reports,
    settings,
    approvals,
)


def create_api() -> FastAPI:
    """Return the FastAPI application to mount under `PREFIX`."""
    app = FastAPIOffline(
        title="Veri-Train",
        version=__version__,
        description="Models, datasets, experiments, evaluations and reports of the record, and work on them.",
        docs_url="/docs",
        redoc_url="/redoc",
        openapi_url="/openapi.json",
        static_url="/docs-assets",
        responses=problems.RESPONSES,
    )
    problems.install_error_handlers(app)
    for module in ROUTE_MODULES:
        app.include_router(module.router)
    return app
