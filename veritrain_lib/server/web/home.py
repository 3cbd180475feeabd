"""Home page of the server at /home, and /home/now, the part of it that is updated while work is running."""

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
"""Seconds between two updates of the part of the page that shows running work."""


def _policy(nonce: str) -> str:
    """Return a Content-Security-Policy that allows only the style and the script with a response's random `nonce`."""
    return (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


@cache
def _templates() -> Environment:
    """Return the environment of the Jinja templates, which is created once."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("veritrain_lib.server.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


DARK_MEDIA = "@media (prefers-color-scheme:dark)"
"""Media query in the page's style that selects dark colours.

If the setting `general.theme` is `dark` or `light`, another query (`THEME_MEDIA`) takes its place.
"""

THEME_MEDIA = {"dark": "@media all", "light": "@media not all"}
"""Media query that takes the place of `DARK_MEDIA`, by the value of the setting `general.theme`."""


def _page(template: str, **context: Any) -> HTMLResponse:
    """Return a rendered Jinja template as an HTML response, with security headers and the colours of the settings."""
    from veritrain_lib.server.settings import stored

    nonce = secrets.token_urlsafe(16)
    text = _templates().get_template(template).render(nonce=nonce, **context)
    text = text.replace(DARK_MEDIA, THEME_MEDIA.get(stored.system_settings().general.theme, DARK_MEDIA))
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
    """Show the home page of the server.

    It shows running work, the tasks with their last rounds of the improvement loop, verdicts of the quality gate, and
    suggested next steps.
    """
    from veritrain_lib.server.web.next_steps import next_steps
    from veritrain_lib.server.web.running import active_runs
    from veritrain_lib.server.web.tasks import task_cards
    from veritrain_lib.server.web.verdicts import recent_verdicts
    from veritrain_lib.server.web.workers import worker_items

    active = active_runs()
    cards, other_tasks = task_cards()
    gate_verdicts, verdict_count = recent_verdicts()
    return _page(
        "home.html.j2",
        now=active,
        workers=worker_items(),
        cards=cards,
        others=other_tasks,
        verdicts=gate_verdicts,
        judged=verdict_count,
        steps=next_steps(cards, active),
        version=__version__,
        refresh_ms=REFRESH_S * 1000,
    )


def running_part(request: Request) -> Response:
    """Return the part of the home page that shows running work, as HTML.

    The open page requests it every few seconds.
    """
    from veritrain_lib.server.web.running import active_runs
    from veritrain_lib.server.web.workers import worker_items

    return _page("now.html.j2", now=active_runs(), workers=worker_items())


def _run_file(request: Request) -> Response:
    """Return the response with a run's file."""
    from veritrain_lib.server.web import files

    return files.serve_file(request)


router = Router(
    routes=[
        Route("/home", home),
        Route("/home/now", running_part),
        Route("/runs/{run_id}/files/{path:path}", _run_file),
    ]
)
