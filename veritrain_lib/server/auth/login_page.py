"""The pages /login and /logout: a form that works without JavaScript, and the session cookie that it sets."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from anyio import to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from veritrain_lib.server.auth import session_cookie, sessions
from veritrain_lib.server.auth.rate_limits import client_address
from veritrain_lib.server.auth.refusal import Refusal
from veritrain_lib.server.environment import environment

if TYPE_CHECKING:
    from jinja2 import Template

DEFAULT_TARGET = "/home"
"""Page to which a login leads if the form names no valid one."""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
}
"""Headers of the login page: it is not cached, runs no script and can't be shown in a frame of another site."""


def safe_target(target: str) -> str:
    """Return the path to redirect to after a login; `/home` if the given one could lead a browser to another site."""
    # Browsers remove tabs and line ends from URLs and treat a backslash as a slash.
    if any(character <= " " or character in "\\\x7f" for character in target):
        return DEFAULT_TARGET
    try:
        parsed = urlsplit(target)
    except ValueError:
        return DEFAULT_TARGET
    if parsed.scheme or parsed.netloc or not target.startswith("/") or target.startswith("//"):
        return DEFAULT_TARGET
    return DEFAULT_TARGET if parsed.path.rstrip("/") in ("/login", "/logout") else target


async def login(request: Request) -> Response:
    """Show the login form (GET /login); on a server without accounts, redirect to the requested page."""
    target = safe_target(request.query_params.get("next", DEFAULT_TARGET))
    if not environment().needs_login:
        return RedirectResponse(target, 303)
    return _page(target)


async def sign_in(request: Request) -> Response:
    """Handle the submitted login form (POST /login): set the cookie and redirect, or show the form with an error."""
    if not environment().needs_login:
        return RedirectResponse(DEFAULT_TARGET, 303)
    try:
        form = await request.form(max_files=0, max_fields=10)
    except HTTPException:
        return _page(DEFAULT_TARGET, "The form could not be read.", 400)
    email, password, next_path = (str(form.get(name, "")) for name in ("email", "password", "next"))
    target = safe_target(next_path)

    def attempt() -> sessions.Login:
        return sessions.log_in(email, password, request.state.rates, client_address(request.scope))

    try:
        new_login = await to_thread.run_sync(attempt)
    except Refusal as refusal:
        too_many = refusal.status_code == 429
        message = (
            "Too many attempts; wait a while." if too_many else "The e-mail address or the password is wrong."
        )
        page = _page(target, message, refusal.status_code)
        page.headers.update({name: text for name, text in (refusal.headers or {}).items() if too_many})
        return page
    response = RedirectResponse(target, 303, {"Cache-Control": "no-store"})
    session_cookie.set_cookie(response, new_login, request.scope["scheme"])
    return response


async def logout(request: Request) -> Response:
    """End the login of this browser and remove its session cookie (POST /logout)."""
    principal = request.state.principal
    if principal is not None and principal.family:
        await to_thread.run_sync(sessions.log_out, principal.family)
    response = RedirectResponse("/login", 303, {"Cache-Control": "no-store"})
    session_cookie.delete_cookie(response, request.scope["scheme"])
    return response


routes = [
    Route("/login", login, methods=["GET"]),
    Route("/login", sign_in, methods=["POST"]),
    Route("/logout", logout, methods=["POST"]),
]


def _page(target: str, message: str = "", status: int = 200) -> HTMLResponse:
    """Return the login form as an HTML response.

    Args:
        target: Path to redirect to after the login.
        message: Error message to show above the form; empty for none.
        status: HTTP status code.
    """
    return HTMLResponse(_template().render(next=target, message=message), status, HEADERS)


@cache
def _template() -> Template:
    """Return the Jinja template of the login form, read once."""
    from jinja2 import Environment, FileSystemLoader

    jinja = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True)
    return jinja.get_template("login.html")
