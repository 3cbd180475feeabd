"""What each route of MLflow's server does: reads, writes, lets somebody rule over others and over the machine, or is off.

The table is made from the routes that MLflow's own application has, so that a newer MLflow's routes are in it too;
what is not known to be harmless counts as the strictest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal

Access = Literal["read", "write", "administer", "off"]

STRICTNESS: tuple[Access, ...] = ("read", "write", "administer", "off")

READ_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

API = re.compile(
    r"/(?:ajax-)?api/\d\.\d/?(?P<family>mlflow-artifacts|mlflow|)/?(?P<room>[^/<{]*)(?P<rest>.*)"
)

RECORD = frozenset({
    "artifacts", "datasets", "experiments", "get-online-trace-details", "get-trace-artifact", "issues",
    "label-schemas", "logged-models", "mcp-servers", "metrics", "model-versions", "registered-models",
    "review-queues", "runs", "scorers", "server-info", "traces", "ui-telemetry", "unified-traces", "upload-artifact",
    "workspaces",
})  # fmt: skip
"""First parts of paths under which the record is read and written. Any other is for admins only."""

OFF = re.compile(
    r"/gateway(/.*)?|/(ajax-)?api/\d\.\d/(jobs(/.*)?|mlflow/(assistant|gateway|gateway-proxy|webhooks|jobs|scorer|genai"
    r"|prompt-optimization|demo)(/.*)?|mlflow/issues/invoke|mlflow/runs/create-promptlab-run)"
)
"""What runs something on the server or calls somebody from it. Nobody needs it here, so nobody gets it."""

ASKING_POSTS = frozenset({
    "batchGetInfos", "calculate-filter-correlation", "get-latest-versions", "presigned-download-url", "search",
    "search-datasets",
})  # fmt: skip
"""Last parts of paths that are asked by POST because the question is long."""

RULED: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (room, re.compile(rest))
    for room, rest in (
        ("experiments", r"/(delete|restore)"),
        ("workspaces", r".*"),
        ("mcp-servers", r".*"),  # addresses of programs that others' models call
        ("scorers", r".*"),  # code that is run where it is used
    )
)
"""Writing to these is for admins."""

OUTSIDE_THE_API: dict[str, Access] = {
    "/": "read", "/health": "read", "/version": "read", "/get-artifact": "read",
    "/model-versions/get-artifact": "read", "/static-files/<path:path>": "read",
    "/graphql": "read",  # what it does shows in its body
    "/v1/traces": "write",
}  # fmt: skip


def access(method: str, template: str) -> Access:
    """What a route does, by its method and the template of its path (Flask's or FastAPI's form)."""
    if OFF.fullmatch(template):
        return "off"
    if template in OUTSIDE_THE_API:
        return OUTSIDE_THE_API[template]
    if re.fullmatch(r"/build/<path:\w+>", template) and method in READ_METHODS:
        return "read"
    found = API.fullmatch(template)
    if found is None:
        return "administer"
    if found["family"] == "mlflow-artifacts":
        return "read" if method in READ_METHODS else "write"
    room, rest = found["room"], found["rest"]
    if found["family"] != "mlflow" or room not in RECORD:
        return "administer"
    if method in READ_METHODS:
        return "read"
    last = template.rsplit("/", 1)[-1]
    if method == "POST" and (
        last in ASKING_POSTS or (room, rest) in (("traces", "/metrics"), ("ui-telemetry", ""))
    ):
        return "read"
    if any(room == one and pattern.fullmatch(rest) for one, pattern in RULED):
        return "administer"
    return "write"


def routes(application: Any) -> Iterator[tuple[str, str]]:
    """Method and template of every route of MLflow's ASGI application and the Flask application behind it."""
    from fastapi.routing import iter_route_contexts
    from mlflow.server import app as flask_app

    for route in iter_route_contexts(application.routes):
        for method in sorted(getattr(route, "methods", None) or ()):
            yield method, str(route.path)
    for rule in flask_app.url_map.iter_rules():
        for method in sorted(rule.methods or ()):
            yield method, rule.rule


class AccessTable:
    """What a request to MLflow does, by method and path. A path that several routes fit counts as the strictest."""

    def __init__(self, known: Iterator[tuple[str, str]]) -> None:
        self._exact: dict[tuple[str, str], Access] = {}
        self._patterns: dict[str, list[tuple[re.Pattern[str], Access]]] = {}
        for method, template in known:
            does = access(method, template)
            if set(template) & set("<{"):
                self._patterns.setdefault(method, []).append((as_pattern(template), does))
            else:
                key = (method, template)
                self._exact[key] = max(does, self._exact.get(key, "read"), key=STRICTNESS.index)

    def needed(self, method: str, path: str) -> Access:
        """What a request does; `administer` for a path that no route of this method fits, unless it is off."""
        if OFF.fullmatch(path):
            return "off"
        found = [does for pattern, does in self._patterns.get(method, ()) if pattern.fullmatch(path)]
        if (method, path) in self._exact:
            found.append(self._exact[method, path])
        return max(found, key=STRICTNESS.index, default="administer")


def as_pattern(template: str) -> re.Pattern[str]:
    """A path template as a regular expression."""
    parts = re.split(r"(<[^>]*>|\{[^}]*\})", template)
    return re.compile(
        "".join(
            re.escape(part) if not part or part[0] not in "<{" else ".*" if "path" in _kind(part) else "[^/]+"
            for part in parts
        ),
        re.DOTALL,
    )


def _kind(placeholder: str) -> str:
    inner = placeholder[1:-1]
    return inner.partition(":")[0 if placeholder[0] == "<" else 2] if ":" in inner else ""
