"""ASGI application of the server: the routes of Veri-Train in front of those of MLflow, on one port.

`veritrain serve` runs `mlflow server --app-name veritrain`, which finds `create_app` by the entry point group
`mlflow.app`. Open this module to see in which order a request passes the parts of the server.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import AsyncIterator, Iterator
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp


def create_app() -> ASGIApp:
    """Return the ASGI application of `veritrain serve`: REST API, web pages, live progress, and MLflow's server behind.

    If the database tables are outdated, it answers every request with status 503 and the command that updates them.

    Raises:
        UserError: A setting in the environment or in `.env` is not valid.
    """
    from starlette.requests import Request
    from starlette.responses import Response

    from veritrain_lib.server.auth import login_page
    from veritrain_lib.server.auth.gatekeeper import Gatekeeper
    from veritrain_lib.server.database import migrate
    from veritrain_lib.server.environment import environment
    from veritrain_lib.server.http.problems import problem_response, unexpected_error_response
    from veritrain_lib.server.live.sockets import socket_app
    from veritrain_lib.server.not_ready import not_ready
    from veritrain_lib.server.observability import metrics
    from veritrain_lib.server.observability.requests import RequestObserver, RouteRecorder
    from veritrain_lib.server.rest_api import PREFIX, create_api
    from veritrain_lib.server.web import flower, home
    from veritrain_lib.tracking import mlflow_routes, mlflow_server, retrying_client

    settings = environment()
    retrying_client.use_short_waits()
    try:
        migrate.check()
    except migrate.NotMigrated as error:
        return RequestObserver(not_ready(f"{error}, then start the server again"))
    mlflow_app = mlflow_server.application(settings.allowed_hosts, settings.allowed_origins)
    api_app, socket_server = create_api(), socket_app()

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        # The outer application does not run the lifespan of a mounted one.
        async with _lifespan_of(api_app), _lifespan_of(mlflow_app), socket_server.listening():
            with _freeze_imports():
                yield

    def not_found(request: Request, _: Exception) -> Response:
        # A path with a line feed matches no mount.
        return problem_response(404, "there is no such path", request)

    routed_app = Starlette(
        routes=[
            Mount(PREFIX, api_app),
            Mount("/socket.io", socket_server),
            *login_page.routes,
            *home.router.routes,
            *metrics.router.routes,
            *flower.router.routes,
            Mount("/", mlflow_app),
        ],
        lifespan=lifespan,
        exception_handlers={404: not_found, Exception: unexpected_error_response},
    )
    mlflow_access = mlflow_routes.AccessTable(mlflow_routes.routes(mlflow_app))
    guarded_app = Gatekeeper(RouteRecorder(routed_app), settings, routed_app.routes[:-1], mlflow_access)
    return RequestObserver(guarded_app, mlflow_server.rules())


@contextlib.contextmanager
def _freeze_imports() -> Iterator[None]:
    """Exclude all objects that exist now (mostly imported modules) from garbage collection while the context is open.

    A collection that scans them would take 0.2 s, in which the server answers no request.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _lifespan_of(app: Any) -> contextlib.AbstractAsyncContextManager[Any]:
    """Return the context manager that runs the start-up and shutdown code of a FastAPI or Starlette application."""
    lifespan: contextlib.AbstractAsyncContextManager[Any] = app.router.lifespan_context(app)
    return lifespan
