"""What answers which path: our application in front of MLflow's own, on one port.

`mlflow server --app-name veritrain` finds `create_app` by the entry point group `mlflow.app`; `veritrain serve`
is that command with what the record needs.
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
    """The whole server as one ASGI application.

    Over tables that are not up to date it answers every request with what to do about it.
    Raises UserError for settings that can't be.
    """
    from starlette.requests import Request
    from starlette.responses import Response

    from veritrain_lib.server.api.application import PREFIX, api
    from veritrain_lib.server.api.problems import problem, unexpected
    from veritrain_lib.server.auth import login_page
    from veritrain_lib.server.auth.gatekeeper import Gatekeeper
    from veritrain_lib.server.database import migrate
    from veritrain_lib.server.environment import environment
    from veritrain_lib.server.live.sockets import socket_app
    from veritrain_lib.server.not_ready import not_ready
    from veritrain_lib.server.observability import metrics
    from veritrain_lib.server.observability.requests import Observed, Routed
    from veritrain_lib.server.web import home
    from veritrain_lib.tracking import mlflow_routes, mlflow_server, retrying_client

    settings = environment()
    retrying_client.be_brief()
    try:
        migrate.check()
    except migrate.NotMigrated as error:
        return Observed(not_ready(f"{error}, then start the server again"))
    theirs = mlflow_server.application(settings.allowed_hosts, settings.allowed_origins)
    ours, sockets = api(), socket_app()

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        # A mounted application's own beginning and end are not called by the one that mounts it.
        async with _alive(ours), _alive(theirs), sockets.listening():
            with _imports_not_collected():
                yield

    def nowhere(request: Request, _: Exception) -> Response:
        # A path with a line feed fits no mount.
        return problem(404, "there is no such path", request)

    outer = Starlette(
        routes=[
            Mount(PREFIX, ours),
            Mount("/socket.io", sockets),
            *login_page.routes,
            *home.router.routes,
            *metrics.router.routes,
            Mount("/", theirs),
        ],
        lifespan=lifespan,
        exception_handlers={404: nowhere, Exception: unexpected},
    )
    table = mlflow_routes.AccessTable(mlflow_routes.routes(theirs))
    guarded = Gatekeeper(Routed(outer), settings, outer.routes[:-1], table)
    return Observed(guarded, mlflow_server.rules())


@contextlib.contextmanager
def _imports_not_collected() -> Iterator[None]:
    """Keep the garbage collector away from what is there now, for as long as the context lasts.

    To look through all that was imported takes 0.2 s, in which nobody gets an answer.
    """
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _alive(app: Any) -> contextlib.AbstractAsyncContextManager[Any]:
    lifespan: contextlib.AbstractAsyncContextManager[Any] = app.router.lifespan_context(app)
    return lifespan
