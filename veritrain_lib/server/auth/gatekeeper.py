"""Stands in front of everything that the server answers: API, MLflow's UI and API, artifacts, pages, sockets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from veritrain_lib.core.errors import UserError
from veritrain_lib.server.auth import (
    access_link,
    credentials,
    protected_writes,
    request_body,
    roles,
    session_cookie,
)
from veritrain_lib.server.auth.artifact_paths import check_kept_file
from veritrain_lib.server.auth.body_limits import MeasuredBody, allowed_bytes
from veritrain_lib.server.auth.guarded_socket import WatchedSocket
from veritrain_lib.server.auth.hosts import check_host
from veritrain_lib.server.auth.origins import check_origin, is_preflight, preflight_answer, tell_browser
from veritrain_lib.server.auth.paths import check_path
from veritrain_lib.server.auth.principal import LOCAL, Caller
from veritrain_lib.server.auth.rate_limits import Rates
from veritrain_lib.server.auth.refusal import Refusal, answer, refuse
from veritrain_lib.server.auth.roles import Role
from veritrain_lib.server.auth.sessions import Login
from veritrain_lib.server.environment import Environment
from veritrain_lib.tracking.mlflow_routes import Access, AccessTable

ROLE_OF: dict[Access, Role] = {"read": "viewer", "write": "editor", "administer": "admin"}


@dataclass
class Visit:
    """What became known of one request on its way in. `next_login` is the new pair of tokens of a browser."""

    scope: Scope
    headers: Headers
    address_token: str | None
    origin: str | None = None
    next_login: Login | None = None


class Gatekeeper:
    """ASGI middleware: hosts, origins, paths, sizes, rates, login, role; each may refuse, in this order.

    `ours` are the routes of the outer application that are not MLflow's; `mlflow` tells what MLflow's do.
    Raises UserError for settings that would let every web page in.
    """

    def __init__(
        self, app: ASGIApp, settings: Environment, ours: Sequence[BaseRoute], mlflow: AccessTable
    ) -> None:
        if "*" in settings.allowed_origins and not settings.needs_login:
            raise UserError(
                "ALLOWED_ORIGINS is * and SECRET_KEY is not set, so any web page could use this server; "
                "name the origins, or set SECRET_KEY"
            )
        self._app, self._settings, self._ours, self._mlflow = app, settings, ours, mlflow
        self._rates = Rates(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through or refuse."""
        if scope["type"] not in ("http", "websocket"):
            try:
                await self._app(scope, receive, send)  # as long as the server lives
            finally:
                await self._rates.close()
            return
        visit = Visit(scope, Headers(scope=scope), credentials.token_of_address(scope))

        async def sending(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                self._mark(message, visit)
            await send(message)

        try:
            await self._handle(visit, receive, sending)
        except Refusal as refusal:
            await refuse(
                _refused(refusal, visit, by_login=self._settings.needs_login), scope, receive, sending
            )

    async def _handle(self, visit: Visit, receive: Receive, send: Send) -> None:
        """Raises Refusal before anything was answered, or hands on."""
        scope, headers = visit.scope, visit.headers
        check_host(headers, self._settings.allowed_hosts)
        visit.origin = check_origin(scope, headers, self._settings.allowed_origins)
        if is_preflight(scope, headers):
            await preflight_answer(headers)(scope, receive, send)
            return
        check_path(scope)
        body = None
        if scope["type"] == "http":
            body = MeasuredBody(headers, allowed_bytes(scope, headers, self._settings), receive, send)
            receive, send = body.receive, body.send
        if not self._settings.needs_login and (welcome := self._by_link(visit)) is not None:
            await welcome(scope, receive, send)
            return
        try:
            caller, receive = await self._admit(visit, receive)
            if caller is not LOCAL and scope["type"] == "websocket":
                send = WatchedSocket(caller, send).send
            # Copied: what stands in `state` is this request's alone.
            state = {**scope.get("state", {}), "caller": caller, "rates": self._rates}
            await self._app({**scope, "state": state}, receive, send)
        except Exception:
            if body is None or not body.too_large:
                raise
        if body is not None and body.refusal is not None:
            raise body.refusal

    async def _admit(self, visit: Visit, receive: Receive) -> tuple[Caller | None, Receive]:
        """Who is calling, None for nobody on a public path; and the body, should it have been read."""
        scope = visit.scope
        method, path = scope.get("method", "GET"), scope["path"]
        if not self._settings.needs_login:
            if self._settings.rate_limit:
                await self._rates.count(scope, None)
            if self._comes_without_link(visit):
                return None, receive  # Socket.IO asks for the token itself (`live/admission.py`)
            caller = LOCAL
        else:
            shown = credentials.shown(visit.headers, visit.address_token)
            await self._rates.count(scope, shown.claims.user_id if shown.claims else None)
            if scope["type"] == "http" and roles.is_public(method, path):
                return None, receive
            if shown.nothing and credentials.may_show_later(scope):
                return None, receive  # Socket.IO asks for a token itself (`live/admission.py`)
            caller, visit.next_login = await credentials.caller(shown, may_renew=scope["type"] == "http")
            if caller.kind == "service" and not roles.for_services(method, path):
                raise Refusal(403, "a service token does not manage accounts; sign in for that")
        if self._is_ours(scope):
            needed = roles.needed_here(method, path)
        else:
            needed, receive = await self._needed_by_mlflow(scope, receive, caller)
        if not roles.may(caller.role, needed):
            raise Refusal(403, f"this needs the role {needed}; {caller.name} is {caller.role}")
        return caller, receive

    def _comes_without_link(self, visit: Visit) -> bool:
        """Return whether a request of Socket.IO's shows nothing of the link, which its client may show later."""
        expected = self._settings.link_token
        return (
            expected is not None
            and credentials.may_show_later(visit.scope)
            and access_link.shows_nothing(visit.headers, expected.get_secret_value(), visit.address_token)
        )

    def _by_link(self, visit: Visit) -> Response | None:
        """The first answer to a browser that came by the link. Raises Refusal (401) for whoever has it not."""
        scope, expected = visit.scope, self._settings.link_token
        if expected is None or (scope["type"] == "http" and roles.is_health(scope["method"], scope["path"])):
            return None
        if self._comes_without_link(visit):
            return None
        return access_link.check_link(scope, visit.headers, expected.get_secret_value(), visit.address_token)

    async def _needed_by_mlflow(self, scope: Scope, receive: Receive, caller: Caller) -> tuple[Role, Receive]:
        """The least role that may ask this of MLflow; and the body, should it have been read.

        Raises Refusal (404) for what is off here and for files that are no artifacts, whoever asks, and (403) for an
        editor who would change what is decided by.
        """
        method, path = scope.get("method", "GET"), scope["path"]
        does = self._mlflow.needed(method, path)
        if does == "off":
            raise Refusal(404, "this part of MLflow's server is off here")
        needed = ROLE_OF[does]
        if scope["type"] != "http":
            return needed, receive
        if roles.may(caller.role, needed):
            await check_kept_file(scope)
        if caller.role == "admin" or not roles.may(caller.role, needed):
            return needed, receive
        if path == "/graphql":
            body, receive = await request_body.whole(receive)
            return max(needed, request_body.needed_for_graphql(body), key=roles.ROLES.index), receive
        if does == "write":
            body = b""
            if protected_writes.reads_body(scope):
                body, receive = await request_body.whole(receive)
            why = await to_thread.run_sync(protected_writes.decides, scope, body)
            if why:
                raise Refusal(403, f"this needs the role admin, since {why}; {caller.name} is {caller.role}")
        return needed, receive

    def _is_ours(self, scope: Scope) -> bool:
        # A route of ours that fits but for its method hands the request on to MLflow's.
        return any(route.matches(scope)[0] is Match.FULL for route in self._ours)

    def _mark(self, message: Message, visit: Visit) -> None:
        """Put the headers of an answer right."""
        message["headers"] = list(message.get("headers", []))
        headers = MutableHeaders(raw=message["headers"])
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("X-Frame-Options", "SAMEORIGIN")
        headers.setdefault("Referrer-Policy", "same-origin")
        tell_browser(message, visit.origin, self._settings.allowed_origins)
        has_cookie = any(
            name == b"set-cookie" and content.startswith(session_cookie.NAME.encode())
            for name, content in message["headers"]
        )
        if visit.next_login is not None and not has_cookie:  # unless a sign-out has just taken it away
            message["headers"].append(session_cookie.header(visit.next_login, visit.scope["scheme"]))


def _refused(refusal: Refusal, visit: Visit, *, by_login: bool) -> Response:
    """The answer to a refusal: people who want a page are led to the login (where there is one), programs get problem
    details."""
    scope, headers = visit.scope, visit.headers
    if (
        refusal.status_code == 401
        and scope["type"] == "http"
        and scope["method"] in ("GET", "HEAD")
        and "text/html" in headers.get("accept", "")
        and headers.get("sec-fetch-mode", "navigate") == "navigate"
        and "authorization" not in headers
    ):
        if not by_login:
            return access_link.page(refusal)
        asked = quote(scope["path"], safe="/")
        if scope.get("query_string"):
            asked += "?" + scope["query_string"].decode("latin-1")
        return RedirectResponse(f"/login?next={quote(asked, safe='/')}", 303, {"Cache-Control": "no-store"})
    return answer(refusal, scope)
