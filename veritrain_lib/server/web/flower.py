"""Reverse proxy under /flower/ for Flower, the monitoring pages of Celery; only admins may use it."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route, Router

from veritrain_lib.server.environment import environment
from veritrain_lib.server.http.problems import problem_response

TIMEOUT_S = 30.0
"""Seconds to wait for Flower, which asks all workers for some of its pages."""

NOT_PASSED_ON = frozenset({
    "authorization", "cookie", "host", "connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer",
    "proxy-authorization", "proxy-authenticate", "content-length", "accept-encoding",
})  # fmt: skip
"""Headers of a request that are not passed on to Flower: they describe the browser's connection or hold its credentials."""

NOT_PASSED_BACK = frozenset({
    "connection", "keep-alive", "transfer-encoding", "content-encoding", "content-length", "set-cookie", "server",
    "date", "www-authenticate",
})  # fmt: skip
"""Headers of a response that are not passed back to the browser: they describe the connection with Flower."""


def _without(headers: Iterable[tuple[str, str]], names: frozenset[str]) -> dict[str, str]:
    return {name: value for name, value in headers if name.lower() not in names}


async def pass_on(request: Request) -> Response:
    """Pass a request on to Flower and return Flower's response.

    The response is 503 if Flower does not answer or rejects this server's password.
    """
    import httpx2

    from veritrain_lib.execution.workers import flower

    headers = _without(request.headers.items(), NOT_PASSED_ON)
    headers["authorization"] = flower.authorization(environment().secret)
    query = f"?{request.url.query}" if request.url.query else ""
    address = f"{flower.url()}{request.url.path}{query}"
    try:
        async with httpx2.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False) as client:
            body = await request.body()
            answer = await client.request(request.method, address, headers=headers, content=body)
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        reason = f"Flower does not answer at {flower.url()} ({type(error).__name__}): start it by `veritrain flower`"
        return problem_response(503, reason, request)
    if answer.status_code == 401:
        reason = (
            "Flower does not take this server's password: both need the same SECRET_KEY (or, without one, the same "
            "project folder), or the same VERITRAIN_FLOWER_PASSWORD"
        )
        return problem_response(503, reason, request)
    return Response(answer.content, answer.status_code, _without(answer.headers.items(), NOT_PASSED_BACK))


def _to_its_home(request: Request) -> Response:
    return RedirectResponse("/flower/", 307)


router = Router(
    routes=[
        Route("/flower", _to_its_home),
        Route("/flower/{path:path}", pass_on, methods=["GET", "HEAD", "POST"]),
    ]
)
