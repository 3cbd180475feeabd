"""/login and /logout for people: a form that needs no script, and the session cookie."""

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

START = "/home"

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
}


def inside(target: str) -> str:
    """A path of this server to go on to. What would lead to another site, in whichever way browsers read it, is not."""
    # Browsers drop tabs and line ends out of addresses and take a backslash for a slash.
    if any(character <= " " or character in "\\\x7f" for character in target):
        return START
    try:
        parsed = urlsplit(target)
    except ValueError:
        return START
    if parsed.scheme or parsed.netloc or not target.startswith("/") or target.startswith("//"):
        return START
    return START if parsed.path.rstrip("/") in ("/login", "/logout") else target


async def login(request: Request) -> Response:
    """The form."""
    going_to = inside(request.query_params.get("next", START))
    if not environment().needs_login:
        return RedirectResponse(going_to, 303)
    return _page(going_to)


async def sign_in(request: Request) -> Response:
    """Take the form: a session cookie, or the form again with what was wrong."""
    if not environment().needs_login:
        return RedirectResponse(START, 303)
    try:
        form = await request.form(max_files=0, max_fields=10)
    except HTTPException:
        return _page(START, "The form could not be read.", 400)
    email, password, target = (str(form.get(name, "")) for name in ("email", "password", "next"))
    going_to = inside(target)

    def attempt() -> sessions.Login:
        return sessions.log_in(email, password, request.state.rates, client_address(request.scope))

    try:
        made = await to_thread.run_sync(attempt)
    except Refusal as refusal:
        too_many = refusal.status_code == 429
        said = (
            "Too many attempts; wait a while." if too_many else "The e-mail address or the password is wrong."
        )
        page = _page(going_to, said, refusal.status_code)
        page.headers.update({name: text for name, text in (refusal.headers or {}).items() if too_many})
        return page
    response = RedirectResponse(going_to, 303, {"Cache-Control": "no-store"})
    session_cookie.put(response, made, request.scope["scheme"])
    return response


async def logout(request: Request) -> Response:
    """End the login of this browser."""
    caller = request.state.caller
    if caller is not None and caller.family:
        await to_thread.run_sync(sessions.log_out, caller.family)
    response = RedirectResponse("/login", 303, {"Cache-Control": "no-store"})
    session_cookie.take(response, request.scope["scheme"])
    return response


routes = [
    Route("/login", login, methods=["GET"]),
    Route("/login", sign_in, methods=["POST"]),
    Route("/logout", logout, methods=["POST"]),
]


def _page(going_to: str, said: str = "", status: int = 200) -> HTMLResponse:
    return HTMLResponse(_template().render(next=going_to, said=said), status, HEADERS)


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader

    made = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True)
    return made.get_template("login.html")
