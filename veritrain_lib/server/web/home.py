"""The home page: /home, and /home/now, the part of it that follows what runs."""

from __future__ import annotations

import secrets
from functools import cache
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route, Router

from veritrain_lib import __version__

if TYPE_CHECKING:
    from jinja2 import Environment

REFRESH_S = 3
"""Seconds between looks at what runs."""


def _policy(nonce: str) -> str:
    """Nothing from elsewhere, and only the style and the script that this very answer brings."""
    return (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


@cache
def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("veritrain_lib.server.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


DARK = "@media (prefers-color-scheme:dark)"
"""Where the style has its dark colours; the setting `general.theme` decides in the browser's place."""

THEMES = {"dark": "@media all", "light": "@media not all"}


def _page(template: str, **content: Any) -> HTMLResponse:
    from veritrain_lib.server.settings import stored

    nonce = secrets.token_urlsafe(16)
    text = _templates().get_template(template).render(nonce=nonce, **content)
    text = text.replace(DARK, THEMES.get(stored.system().general.theme, DARK))
    return HTMLResponse(
        text,
        headers={
            "Content-Security-Policy": _policy(nonce),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Cache-Control": "no-store",
        },
    )


def home(request: Request) -> Response:
    """The whole page."""
    from veritrain_lib.server.web.next_steps import next_steps
    from veritrain_lib.server.web.running import under_way
    from veritrain_lib.server.web.tasks import task_cards
    from veritrain_lib.server.web.verdicts import verdicts

    now = under_way()
    cards, others = task_cards()
    told, judged = verdicts()
    return _page(
        "home.html.j2",
        now=now,
        cards=cards,
        others=others,
        verdicts=told,
        judged=judged,
        steps=next_steps(cards, now),
        version=__version__,
        refresh_ms=REFRESH_S * 1000,
    )


def now(request: Request) -> Response:
    """What runs, alone."""
    from veritrain_lib.server.web.running import under_way

    return _page("now.html.j2", now=under_way())


def _file(request: Request) -> Response:
    from veritrain_lib.server.web import files

    return files.answer(request)


router = Router(
    routes=[
        Route("/home", home),
        Route("/home/now", now),
        Route("/runs/{run_id}/files/{path:path}", _file),
    ]
)
