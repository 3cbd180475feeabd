"""Which route a request went to, as a pattern: ids in a path would make a log and metrics without end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.routing import Mount

OTHER = "other"
"""A path that no route of ours or of MLflow's was found for."""


_PART = re.compile(r"<(path:)?[^>]*>")


class Templates:
    """Patterns of paths. `theirs` are MLflow's rules, such as `/api/2.0/mlflow/runs/get` or `/files/<path:p>`."""

    def __init__(self, theirs: Iterable[str] = ()) -> None:
        rules = sorted(set(theirs))
        self._whole = frozenset(rule for rule in rules if "<" not in rule)
        self._open = [(rule.partition("<")[0], _pattern(rule), rule) for rule in rules if "<" in rule]

    def of(self, scope: Mapping[str, Any]) -> str:
        """The pattern of a request's path, once it has been routed; `other` where nothing fits."""
        route = scope.get("route")
        # A mount is where the way ended when nothing behind it fitted, or when MLflow's Flask took over.
        own = str(route.path if isinstance(route, Mount) else getattr(route, "path_format", ""))
        if own:
            root = str(scope.get("root_path", ""))
            return own if own.startswith(root) else root + own
        path = str(scope.get("path", ""))
        if path in self._whole:
            return path
        for start, pattern, rule in self._open:
            if path.startswith(start) and pattern.fullmatch(path):
                return rule
        return OTHER


def _pattern(rule: str) -> re.Pattern[str]:
    whole, at = "", 0
    for part in _PART.finditer(rule):
        whole += re.escape(rule[at : part.start()]) + (".+" if part[1] else "[^/]+")
        at = part.end()
    return re.compile(whole + re.escape(rule[at:]), re.DOTALL)
