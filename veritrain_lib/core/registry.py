"""Registry of all extension points: metrics, trainers, teachers, models, checks, expectations.

An extension is an entry point of the group `veritrain.<kind>`. The built-ins are declared in our own
pyproject.toml, so third-party extensions are loaded in the same way.
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
    """Return the available names of a kind, sorted."""
    return sorted({*_points(kind), *(name for added, name in _added if added == kind)})


def register(kind: str, name: str, extension: Any) -> None:
    """Register an extension by hand, for a notebook or a test; it replaces an entry point of the same name.

    Raises:
        UserError: Unknown kind of extension.
    """
    if kind not in KINDS:
        raise UserError(f"unknown kind of extension {kind!r}; allowed: {', '.join(KINDS)}")
    _added[kind, name] = extension


def get(kind: str, name: str) -> Any:
    """Return the object registered under a name.

    Raises:
        UserError: There is none; the message lists the available names (and the nearest).
    """
    if (kind, name) in _added:
        return _added[kind, name]
    point = _points(kind).get(name)
    if point is None:
        available = names(kind)
        matches = difflib.get_close_matches(name, available, n=1)
        hint = f" Did you mean {matches[0]!r}?" if matches else ""
        raise UserError(
            f"no {kind.removesuffix('s')} named {name!r}.{hint} Known: {', '.join(available) or 'none'}"
        )
    return point.load()


def require_members(kind: str, name: str, extension: Any, base: type) -> None:
    """Require that an extension has every member that its base class has a default for.

    A class that inherits from the base class has them all; another one must have each of its own.

    Raises:
        UserError: A member is missing; the message lists those, and the class to inherit from.
    """
    missing = sorted(
        member for member in vars(base) if not member.startswith("_") and member not in dir(extension)
    )
    if missing:
        raise UserError(
            f"{kind.removesuffix('s')} {name!r} lacks {', '.join(missing)}: let its class inherit from "
            f"{base.__module__}.{base.__name__}, which has a default for each, or give it these members"
        )
