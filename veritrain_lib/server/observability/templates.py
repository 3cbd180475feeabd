"""Route templates of requests, such as `/runs/{id}`, for logs and metrics, whose labels must not contain ids."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.routing import Mount

UNMATCHED = "other"
"""Label of a path that matches neither a route of ours nor one of MLflow's."""


_PLACEHOLDER = re.compile(r"<(path:)?[^>]*>")
"""Regular expression for a parameter in a URL rule of Flask."""


class PathTemplates:
    """Lookup of the route template of a request.

    Args:
        mlflow_rules: URL rules of MLflow's Flask application, such as `/files/<path:p>`.
    """

    def __init__(self, mlflow_rules: Iterable[str] = ()) -> None:
        rules = sorted(set(mlflow_rules))
        self._literal_rules = frozenset(rule for rule in rules if "<" not in rule)
        self._parametrized_rules = [
            (rule.partition("<")[0], _pattern(rule), rule) for rule in rules if "<" in rule
        ]

    def template_of(self, scope: Mapping[str, Any]) -> str:
        """Return the route template of a request.

        Args:
            scope: ASGI scope of the request after routing.

        Returns:
            The template; `other` if no route matches.
        """
        route = scope.get("route")
        # The route is a mount if nothing behind it matched, or if MLflow's Flask application took over.
        template = str(route.path if isinstance(route, Mount) else getattr(route, "path_format", ""))
        if template:
            root = str(scope.get("root_path", ""))
            return template if template.startswith(root) else root + template
        path = str(scope.get("path", ""))
        if path in self._literal_rules:
            return path
        for start, pattern, rule in self._parametrized_rules:
            if path.startswith(start) and pattern.fullmatch(path):
                return rule
        return UNMATCHED


def _pattern(rule: str) -> re.Pattern[str]:
    """Return a regular expression for the paths that match a URL rule of Flask."""
    pattern, position = "", 0
    for placeholder in _PLACEHOLDER.finditer(rule):
        pattern += re.escape(rule[position : placeholder.start()]) + (".+" if placeholder[1] else "[^/]+")
        position = placeholder.end()
    return re.compile(pattern + re.escape(rule[position:]), re.DOTALL)
