"""One small registry for every extension point: metrics, trainers, teachers, models, checks, expectations.

An extension is an entry point of the group `veritrain.<kind>`. The built-ins are declared in our own
pyproject.toml, so a third party's extension comes through the same door.
"""

from __future__ import annotations

import difflib
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from veritrain_lib.core.errors import UserError

KINDS = ("metrics", "trainers", "teachers", "models", "checks", "expectations")


@cache
def _points(kind: str) -> dict[str, Any]:
    return {point.name: point for point in entry_points(group=f"veritrain.{kind}")}


_added: dict[tuple[str, str], Any] = {}


def names(kind: str) -> list[str]:
    """The names that can be asked for, sorted."""
    return sorted({*_points(kind), *(name for added, name in _added if added == kind)})


def register(kind: str, name: str, thing: Any) -> None:
    """Add an extension by hand, for a notebook or a test; it wins over an entry point of the same name."""
    if kind not in KINDS:
        raise UserError(f"unknown kind of extension {kind!r}; allowed: {', '.join(KINDS)}")
    _added[kind, name] = thing


def get(kind: str, name: str) -> Any:
    """The object registered under a name.

    Raises UserError naming the known ones (and the nearest) when there is none.
    """
    if (kind, name) in _added:
        return _added[kind, name]
    point = _points(kind).get(name)
    if point is None:
        known = names(kind)
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise UserError(
            f"no {kind.removesuffix('s')} named {name!r}.{hint} Known: {', '.join(known) or 'none'}"
        )
    return point.load()
