"""Registry of extensions: metrics, trainers, teachers, models, checks, expectations and encoders.

An extension is an entry point of the group `veritrain.<kind>`. The built-in ones are declared in our own pyproject.toml
in the same way as those of other packages.
"""

from __future__ import annotations

import difflib
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from veritrain_lib.core.errors import UserError

KINDS = ("metrics", "trainers", "teachers", "models", "checks", "expectations", "encoders")
"""Kinds of extensions, which are also the names of their entry point groups after `veritrain.`."""


@cache
def _points(kind: str) -> dict[str, Any]:
    return {point.name: point for point in entry_points(group=f"veritrain.{kind}")}


_added: dict[tuple[str, str], Any] = {}


def names(kind: str) -> list[str]:
    """Return the names of all registered extensions of a kind (one of `KINDS`), sorted."""
    return sorted({*_points(kind), *(name for added, name in _added if added == kind)})


def register(kind: str, name: str, extension: Any) -> None:
    """Register an extension in this process, as a notebook or a test does; it replaces an entry point of the same name.

    Args:
        kind: One of `KINDS`.
        name: Name of the extension.
        extension: The extension's class or function.

    Raises:
        UserError: There is no such kind.
    """
    if kind not in KINDS:
        raise UserError(f"unknown kind of extension {kind!r}; allowed: {', '.join(KINDS)}")
    _added[kind, name] = extension


def get(kind: str, name: str) -> Any:
    """Return the extension of a kind that is registered under a name, loaded at its first use.

    Raises:
        UserError: There is none; the message lists the available names and the most similar one.
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
    """Check that an extension has every public member that its protocol's class defines.

    A class that inherits from the protocol has these members by default; any other must define all of them.

    Args:
        kind: One of `KINDS`.
        name: Name of the extension.
        extension: The extension.
        base: The protocol's class.

    Raises:
        UserError: Members are missing; the message lists them and the class to inherit from.
    """
    missing = sorted(
        member for member in vars(base) if not member.startswith("_") and member not in dir(extension)
    )
    if missing:
        raise UserError(
            f"{kind.removesuffix('s')} {name!r} lacks {', '.join(missing)}: let its class inherit from "
            f"{base.__module__}.{base.__name__}, which has a default for each, or give it these members"
        )
