"""ASGI middleware in front of the whole server (`Gatekeeper`), which lets each request in or rejects it.

Open it to see the order of all checks; each check is a module of this folder.
"""

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
from veritrain_lib.server.auth.artifact_paths import check_artifact_path
from veritrain_lib.server.auth.body_limits import LimitedBody, allowed_bytes
from veritrain_lib.server.auth.guarded_socket import GuardedSocket
from veritrain_lib.server.auth.hosts import check_host
from veritrain_lib.server.auth.origins import check_origin, is_preflight, preflight_response, set_cors_headers
from veritrain_lib.server.auth.paths import check_path
from veritrain_lib.server.auth.rate_limits import RateLimits
from veritrain_lib.server.auth.refusal import Refusal, refusal_response, send_refusal
from veritrain_lib.server.auth.sessions import Login
from veritrain_lib.server.environment import Environment
from veritrain_lib.server.http.current_user import LOCAL, Principal, Role
from veritrain_lib.tracking.mlflow_routes import Access, AccessTable

ROLE_FOR_ACCESS: dict[Access, Role] = {"read": "viewer", "write": "editor", "administer": "admin"}
"""Minimum role for each kind of access to MLflow's routes: read, write, administer."""


@dataclass
class RequestContext:
    """Data of one request that the gatekeeper's checks share.

    Attributes:
        scope: ASGI scope of the request.
        headers: Headers of the request.
        address_token: Token from the URL of a WebSocket or Socket.IO request; None if there was none.
        origin: Other site whose page sent the request and which `ALLOWED_ORIGINS` allows; None for our own pages.
        next_login: New pair of tokens to set as a cookie, if the browser's login was renewed; otherwise None.
    """

    scope: Scope
    headers: Headers
    address_token: str | None
    origin: str | None = None
    next_login: Login | None = None


class Gatekeeper:
    """ASGI middleware that checks host, origin, path, body size, request rate, login and role of each request.

    A check rejects a request by raising `Refusal`.

    Args:
        app: Application that gets the requests which pass all checks.
        settings: Settings of the server.
        server_routes: Routes of the server that are not MLflow's.
        mlflow_access: Table of the access that each route of MLflow needs.

    Raises:
        UserError: `ALLOWED_ORIGINS` is `*` on a server without logins, so any web page could use it.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: Environment,
        server_routes: Sequence[BaseRoute],
        mlflow_access: AccessTable,
    ) -> None:
        if "*" in settings.allowed_origins and not settings.needs_login:
            raise UserError(
                "ALLOWED_ORIGINS is * and SECRET_KEY is not set, so any web page could use this server; "
                "name the origins, or set SECRET_KEY"
            )
        self._app, self._settings, self._server_routes, self._mlflow_access = (
            app,
            settings,
            server_routes,
            mlflow_access,
        )
        self._rate_limits = RateLimits(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection: pass the request on to the application, or send the response that rejects it."""
        if scope["type"] not in ("http", "websocket"):
            try:
                await self._app(scope, receive, send)  # lifespan: returns when the server ends
            finally:
                await self._rate_limits.close()
            return
        context = RequestContext(scope, Headers(scope=scope), credentials.pop_query_token(scope))

        async def send_with_headers(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                self._finish_headers(message, context)
            await send(message)

        try:
            await self._handle(context, receive, send_with_headers)
        except Refusal as refusal:
            await send_refusal(
                _refusal_response_for(refusal, context, by_login=self._settings.needs_login),
                scope,
                receive,
                send_with_headers,
            )

    async def _handle(self, context: RequestContext, receive: Receive, send: Send) -> None:
        """Apply all checks to a request, then call the application.

        Raises:
            Refusal: A check rejects the request; no response has been sent yet.
        """
        scope, headers = context.scope, context.headers
        check_host(headers, self._settings.allowed_hosts)
        context.origin = check_origin(scope, headers, self._settings.allowed_origins)
        if is_preflight(scope, headers):
            await preflight_response(headers)(scope, receive, send)
            return
        check_path(scope)
        body = None
        if scope["type"] == "http":
            body = LimitedBody(headers, allowed_bytes(scope, headers, self._settings), receive, send)
            receive, send = body.receive, body.send
        if not self._settings.needs_login and (redirect := self._check_link(context)) is not None:
            await redirect(scope, receive, send)
            return
        try:
            principal, receive = await self._admit(context, receive)
            if principal is not LOCAL and scope["type"] == "websocket":
                send = GuardedSocket(principal, send).send
            # Copied, since the entries of `state` belong to this request alone.
            state = {**scope.get("state", {}), "principal": principal, "rates": self._rate_limits}
            await self._app({**scope, "state": state}, receive, send)
        except Exception:
            if body is None or not body.too_large:
                raise
        if body is not None and body.refusal is not None:
            raise body.refusal

    async def _admit(self, context: RequestContext, receive: Receive) -> tuple[Principal | None, Receive]:
        """Apply the rate limit and check the login and the role of a request.

        Returns:
            The user or service that sent the request (None on a public path and for a Socket.IO client that logs in
            later), and the ASGI `receive` function for the application, which repeats the body if a check has read it.

        Raises:
            Refusal: 401 without a valid login, 403 if the role does not suffice, 429 for too many requests.
        """
        scope = context.scope
        method, path = scope.get("method", "GET"), scope["path"]
        if not self._settings.needs_login:
            if self._settings.rate_limit:
                await self._rate_limits.count(scope, None)
            if self._may_show_link_later(context):
                return None, receive  # Socket.IO asks for the token itself (`live/admission.py`)
            principal = LOCAL
        else:
            presented = credentials.read_credentials(context.headers, context.address_token)
            await self._rate_limits.count(scope, presented.claims.user_id if presented.claims else None)
            if scope["type"] == "http" and roles.is_public(method, path):
                return None, receive
            if presented.is_empty and credentials.may_authenticate_later(scope):
                return None, receive  # Socket.IO asks for a token itself (`live/admission.py`)
            principal, context.next_login = await credentials.authenticate(
                presented, may_renew=scope["type"] == "http"
            )
            if principal.kind == "service" and not roles.allowed_for_services(method, path):
                raise Refusal(403, "a service token does not manage accounts; sign in for that")
        if self._is_server_route(scope):
            required = roles.required_role(method, path)
        else:
            required, receive = await self._role_for_mlflow(scope, receive, principal)
        if not roles.includes(principal.role, required):
            raise Refusal(403, f"this needs the role {required}; {principal.name} is {principal.role}")
        return principal, receive

    def _may_show_link_later(self, context: RequestContext) -> bool:
        """Return whether a Socket.IO request without credentials may pass, since its client can send the token later.

        The token is that of the access link of a server without accounts.
        """
        expected = self._settings.link_token
        return (
            expected is not None
            and credentials.may_authenticate_later(context.scope)
            and access_link.has_no_credentials(
                context.headers, expected.get_secret_value(), context.address_token
            )
        )

    def _check_link(self, context: RequestContext) -> Response | None:
        """Check the access link's token on a server without accounts.

        Returns:
            A redirect that sets the cookie, for a browser that followed the link; None if the request may pass.

        Raises:
            Refusal: 401, the request does not carry the link's token.
        """
        scope, expected = context.scope, self._settings.link_token
        if expected is None or (scope["type"] == "http" and roles.is_health(scope["method"], scope["path"])):
            return None
        if self._may_show_link_later(context):
            return None
        return access_link.check_link(
            scope, context.headers, expected.get_secret_value(), context.address_token
        )

    async def _role_for_mlflow(
        self, scope: Scope, receive: Receive, principal: Principal
    ) -> tuple[Role, Receive]:
        """Return the minimum role for a request to MLflow.

        Returns:
            The role, and the ASGI `receive` function for the application, which repeats the body if it was read here.

        Raises:
            Refusal: 404 for a part of MLflow that is switched off and for files outside the experiments' folders,
                whatever the role; 403 if an editor's request would change data on which decisions are based
                (`protected_writes`).
        """
        method, path = scope.get("method", "GET"), scope["path"]
        access = self._mlflow_access.required_access(method, path)
        if access == "off":
            raise Refusal(404, "this part of MLflow's server is off here")
        required = ROLE_FOR_ACCESS[access]
        if scope["type"] != "http":
            return required, receive
        if roles.includes(principal.role, required):
            await check_artifact_path(scope)
        if principal.role == "admin" or not roles.includes(principal.role, required):
            return required, receive
        if path == "/graphql":
            body, receive = await request_body.read_full_body(receive)
            return max(required, request_body.role_for_graphql(body), key=roles.ROLES.index), receive
        if access == "write":
            body = b""
            if protected_writes.needs_body(scope):
                body, receive = await request_body.read_full_body(receive)
            reason = await to_thread.run_sync(protected_writes.admin_only_reason, scope, body)
            if reason:
                raise Refusal(
                    403, f"this needs the role admin, since {reason}; {principal.name} is {principal.role}"
                )
        return required, receive

    def _is_server_route(self, scope: Scope) -> bool:
        """Return whether one of our own routes, not MLflow's, handles a request's path and method."""
        # If a server route matches except for its method, the request goes on to MLflow's routes.
        return any(route.matches(scope)[0] is Match.FULL for route in self._server_routes)

    def _finish_headers(self, message: Message, context: RequestContext) -> None:
        """Add security headers, CORS headers and the renewed session cookie to the first message of a response."""
        message["headers"] = list(message.get("headers", []))
        headers = MutableHeaders(raw=message["headers"])
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("X-Frame-Options", "SAMEORIGIN")
        headers.setdefault("Referrer-Policy", "same-origin")
        set_cors_headers(message, context.origin, self._settings.allowed_origins)
        has_cookie = any(
            name == b"set-cookie" and content.startswith(session_cookie.NAME.encode())
            for name, content in message["headers"]
        )
        if context.next_login is not None and not has_cookie:  # unless a sign-out has just taken it away
            message["headers"].append(
                session_cookie.set_cookie_header(context.next_login, context.scope["scheme"])
            )


def _refusal_response_for(refusal: Refusal, context: RequestContext, *, by_login: bool) -> Response:
    """Return the response to a rejected request: a page for a browser without a login, otherwise JSON problem details.

    Args:
        refusal: Status and message.
        context: The rejected request.
        by_login: Whether the server has accounts. The browser is then redirected to /login, otherwise it gets a text
            about the access link.
    """
    scope, headers = context.scope, context.headers
    if (
        refusal.status_code == 401
        and scope["type"] == "http"
        and scope["method"] in ("GET", "HEAD")
        and "text/html" in headers.get("accept", "")
        and headers.get("sec-fetch-mode", "navigate") == "navigate"
        and "authorization" not in headers
    ):
        if not by_login:
            return access_link.refusal_page(refusal)
        target = quote(scope["path"], safe="/")
        if scope.get("query_string"):
            target += "?" + scope["query_string"].decode("latin-1")
        return RedirectResponse(f"/login?next={quote(target, safe='/')}", 303, {"Cache-Control": "no-store"})
    return refusal_response(refusal, scope)
