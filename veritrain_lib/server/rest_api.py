"""REST API of the server as one FastAPI application, with documentation pages that need no internet connection.

Open this module to see which route modules the API consists of, or to mount the API in another application.
"""

from __future__ import annotations

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from veritrain_lib import __version__
from veritrain_lib.server.auth import roles, session_cookie
from veritrain_lib.server.http import problems
from veritrain_lib.server.http.openapi import complete_openapi
from veritrain_lib.server.live import stream
from veritrain_lib.server.resources.approvals import routes as approvals
from veritrain_lib.server.resources.auth import routes as auth
from veritrain_lib.server.resources.datasets import routes as datasets
from veritrain_lib.server.resources.evaluations import routes as evaluations
from veritrain_lib.server.resources.experiments import routes as experiments
from veritrain_lib.server.resources.health import routes as health
from veritrain_lib.server.resources.models import routes as models
from veritrain_lib.server.resources.reports import routes as reports
from veritrain_lib.server.resources.settings import routes as settings

PREFIX = "/api/v1"
"""Path under which the server mounts the REST API."""

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
"""Modules whose `router` holds the endpoints of the API, in the order of the documentation page."""


def create_api() -> FastAPI:
    """Return the REST API as a FastAPI application, which the server mounts under `/api/v1` (`PREFIX`)."""
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
    complete_openapi(app, lambda method, path: roles.is_public(method, PREFIX + path), session_cookie.NAME)
    for module in ROUTE_MODULES:
        app.include_router(module.router)
    return app
