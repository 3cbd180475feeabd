"""Access that each route of MLflow's own server needs: `read`, `write`, `administer` or `off` (disabled for everyone).

The table is built from the routes of MLflow's application, so routes of newer MLflow versions are included. A route
that is not known to be harmless needs `administer`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

Access = Literal["read", "write", "administer", "off"]

STRICTNESS: tuple[Access, ...] = ("read", "write", "administer", "off")
"""Levels of access, the least strict first."""

READ_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""HTTP methods that only read."""

API = re.compile(
    r"/(?:ajax-)?api/\d\.\d/?(?P<family>mlflow-artifacts|mlflow|)/?(?P<resource>[^/<{]*)(?P<rest>.*)"
)
"""Pattern of the paths of MLflow's REST API, split into family, resource and rest."""

DATA_RESOURCES = frozenset({
    "artifacts", "datasets", "experiments", "get-online-trace-details", "get-trace-artifact", "issues",
    "label-schemas", "logged-models", "mcp-servers", "metrics", "model-versions", "registered-models",
    "review-queues", "runs", "scorers", "server-info", "traces", "ui-telemetry", "unified-traces", "upload-artifact",
    "workspaces",
})  # fmt: skip
"""First path parts of MLflow's resources that users may read and write; all others are for administrators only."""

DISABLED = re.compile(
    r"/gateway(/.*)?|/(ajax-)?api/\d\.\d/(jobs(/.*)?|mlflow/(assistant|gateway|gateway-proxy|webhooks|jobs|scorer|genai"
    r"|prompt-optimization|demo)(/.*)?|mlflow/issues/invoke|mlflow/runs/create-promptlab-run)"
)
"""Routes that would run something on the server or make it call another service. They are disabled for everyone."""

READ_ONLY_POSTS = frozenset({
    "batchGetInfos", "calculate-filter-correlation", "get-latest-versions", "presigned-download-url", "search",
    "search-datasets",
})  # fmt: skip
"""Last path parts of routes that only read although their method is POST, which MLflow uses for long queries."""

ADMIN_WRITES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (resource, re.compile(rest))
    for resource, rest in (
        ("experiments", r"/(delete|restore)"),
        ("workspaces", r".*"),
        ("mcp-servers", r".*"),  # addresses of programs that others' models call
        ("scorers", r".*"),  # code that is run where it is used
    )
)
"""Resources and patterns of the rest of the path whose writes are for administrators only."""

NON_API_ROUTES: dict[str, Access] = {
    "/": "read", "/health": "read", "/version": "read", "/get-artifact": "read",
    "/model-versions/get-artifact": "read", "/static-files/<path:path>": "read",
    "/graphql": "read",  # its body tells whether it reads or writes
    "/v1/traces": "write",
}  # fmt: skip
"""Access by path template of the routes that are not below MLflow's REST API."""


def access(method: str, template: str) -> Access:
    """Return the access that a route of MLflow's server needs: `read`, `write`, `administer` or `off`.

    Args:
        method: HTTP method.
        template: Path template in the form of Flask (`<name>`) or FastAPI (`{name}`).
    """
    if DISABLED.fullmatch(template):
        return "off"
    if template in NON_API_ROUTES:
        return NON_API_ROUTES[template]
    if re.fullmatch(r"/build/<path:\w+>", template) and method in READ_METHODS:
        return "read"
    match = API.fullmatch(template)
    if match is None:
        return "administer"
    if match["family"] == "mlflow-artifacts":
        return "read" if method in READ_METHODS else "write"
    resource, rest = match["resource"], match["rest"]
    if match["family"] != "mlflow" or resource not in DATA_RESOURCES:
        return "administer"
    if method in READ_METHODS:
        return "read"
    last_part = template.rsplit("/", 1)[-1]
    if method == "POST" and (
        last_part in READ_ONLY_POSTS or (resource, rest) in (("traces", "/metrics"), ("ui-telemetry", ""))
    ):
        return "read"
    if any(
        resource == admin_resource and pattern.fullmatch(rest) for admin_resource, pattern in ADMIN_WRITES
    ):
        return "administer"
    return "write"


def routes(application: Any) -> Iterator[tuple[str, str]]:
    """Yield HTTP method and path template of every route of MLflow's server, of its ASGI and its Flask application."""
    from fastapi.routing import iter_route_contexts
    from mlflow.server import app as flask_app

    for route in iter_route_contexts(application.routes):
        for method in sorted(getattr(route, "methods", None) or ()):
            yield method, str(route.path)
    for rule in flask_app.url_map.iter_rules():
        for method in sorted(rule.methods or ()):
            yield method, rule.rule


class AccessTable:
    """Access that requests to MLflow's server need, by HTTP method and path.

    If several routes match a request, the strictest level applies.
    """

    def __init__(self, routes: Iterator[tuple[str, str]]) -> None:
        self._exact: dict[tuple[str, str], Access] = {}
        self._patterns: dict[str, list[tuple[re.Pattern[str], Access]]] = {}
        for method, template in routes:
            level = access(method, template)
            if set(template) & set("<{"):
                self._patterns.setdefault(method, []).append((as_pattern(template), level))
            else:
                key = (method, template)
                self._exact[key] = max(level, self._exact.get(key, "read"), key=STRICTNESS.index)

    def required_access(self, method: str, path: str) -> Access:
        """Return the access that a request needs: read, write, administer or off; administer if no route matches."""
        if DISABLED.fullmatch(path):
            return "off"
        levels = [level for pattern, level in self._patterns.get(method, ()) if pattern.fullmatch(path)]
        if (method, path) in self._exact:
            levels.append(self._exact[method, path])
        return max(levels, key=STRICTNESS.index, default="administer")


def as_pattern(template: str) -> re.Pattern[str]:
    """Convert a route's path template, such as `/runs/<run_id>`, to a regular expression for the paths of requests."""
    parts = re.split(r"(<[^>]*>|\{[^}]*\})", template)
    return re.compile(
        "".join(
            re.escape(part)
            if not part or part[0] not in "<{"
            else ".*"
            if "path" in _converter(part)
            else "[^/]+"
            for part in parts
        ),
        re.DOTALL,
    )


def _converter(placeholder: str) -> str:
    content = placeholder[1:-1]
    return content.partition(":")[0 if placeholder[0] == "<" else 2] if ":" in content else ""
