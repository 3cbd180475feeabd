"""The link of a server without accounts: whoever has it, and nobody else with an account on this machine, may use it.

Loopback is reached by everybody who can log in here. The token of the link lies in a file that only the server's user
can read; `veritrain serve` prints the link, a browser keeps the token as a cookie, programs send it as a bearer token.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from urllib.parse import unquote_plus

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import Scope

from veritrain_lib.core import project
from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.server.auth.refusal import Refusal

FILE = "link_token"

SHORTEST = 32
"""Characters; ours has 43, which are 256 bits."""

NEEDED = (
    "this server answers whoever has its link: `veritrain serve` prints it at its start; programs send the token in "
    ".veritrain/link_token of the project as a bearer token (MLflow's client: MLFLOW_TRACKING_TOKEN)"
)


def token() -> str:
    """The token of this project, made when there is none yet or when others could read it.

    It stays the same from start to start. Raises Infrastructure where it can't be kept.
    """
    file = project.state(FILE)
    try:
        found = _kept()
        if found:
            return found
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        try:
            made = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:  # another worker was quicker
            return _kept() or token()
        with os.fdopen(made, "w", encoding="ascii") as out:
            out.write(secrets.token_urlsafe(32))
        return _kept()
    except OSError as error:
        raise Infrastructure(
            f"the token of the server's link can't be kept in {file}: {error.strerror}"
        ) from error


def _kept() -> str:
    """The token in the file; empty when there is none, or when the file is anybody else's to read."""
    file = project.state(FILE)
    try:
        there = file.lstat()
        if not stat.S_ISREG(there.st_mode) or there.st_uid != os.getuid() or there.st_mode & 0o077:
            return ""
        found = file.read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return ""
    return found if len(found) >= SHORTEST else ""


def check_link(scope: Scope, headers: Headers, expected: str, address_token: str | None) -> Response | None:
    """Refuse (401) whoever does not bring the token; an answer that gives a browser its cookie, for one who came by the link.

    `address_token` is what stood in the address of a WebSocket.
    """
    given = [address_token] if address_token is not None else []
    for text in headers.getlist("authorization"):
        scheme, _, rest = text.partition(" ")
        if scheme.lower() == "bearer":
            given.append(rest.strip())
    if cookie := _cookie(headers.get("cookie", ""), expected):
        given.append(cookie)
    if any(_same(one, expected) for one in given):
        return None
    by_link = _taken_out(scope)
    if by_link is not None and _same(by_link, expected) and scope["type"] == "http":
        return _welcome(scope, expected) if scope["method"] in ("GET", "HEAD") else None
    raise Refusal(401, NEEDED, {"WWW-Authenticate": "Bearer"})


def shows_nothing(headers: Headers, expected: str, address_token: str | None) -> bool:
    """Return whether a request brings neither a token, right or wrong, nor the cookie of the link."""
    return (
        address_token is None
        and "authorization" not in headers
        and not _cookie(headers.get("cookie", ""), expected)
    )


def is_token(given: str) -> bool:
    """Return whether a text is the token of this project's link."""
    return _same(given, token())


def page(refusal: Refusal) -> Response:
    """The refusal for people."""
    return PlainTextResponse(f"{refusal.detail}\n", refusal.status_code, {"Cache-Control": "no-store"})


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


def _name(expected: str) -> str:
    # Cookies know no ports: each project's server has one of its own name.
    return f"veritrain_link_{hashlib.sha256(expected.encode()).hexdigest()[:8]}"


def _cookie(header: str, expected: str) -> str:
    for piece in header.split(";"):
        name, _, content = piece.strip().partition("=")
        if name == _name(expected):
            return content.strip('"')
    return ""


def _taken_out(scope: Scope) -> str | None:
    """The token in the address, which is taken out of it: servers like to write addresses into their log."""
    found, kept = None, []
    for part in scope.get("query_string", b"").decode("latin-1").split("&"):
        name, _, content = part.partition("=")
        if name == "token":
            found = unquote_plus(content)
        elif part:
            kept.append(part)
    if found is not None:
        scope["query_string"] = "&".join(kept).encode("latin-1")
    return found


def _welcome(scope: Scope, expected: str) -> Response:
    query = scope["query_string"].decode("latin-1")
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
    # Two slashes would lead to another host.
    target = "/" + path.lstrip("/") + (f"?{query}" if query else "")
    answer = RedirectResponse(target, 303, {"Cache-Control": "no-store"})
    answer.set_cookie(
        _name(expected), expected, path="/", httponly=True, samesite="lax", secure=scope["scheme"] == "https"
    )
    return answer
