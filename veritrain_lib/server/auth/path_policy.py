"""Addresses of models that name a place on the server's machine, and whose place that is.

Whatever is opened there is read with the server's rights, so somebody who may only edit must not choose it freely.
"""

from __future__ import annotations

from pathlib import Path

from veritrain_lib.core import project

ELSEWHERE = ("models", "runs", "openai", "azure")
"""Schemes of addresses that name nothing on this machine but what the record keeps. Any other may: an extension's
too, of which nothing is known."""


def is_foreign(address: str) -> bool:
    """Whether an address leads out of the project's folder, by links and `..` too. A relative one does: where it leads
    depends on who opens it."""
    scheme, colon, place = address.partition(":")
    if not colon or scheme in ELSEWHERE:
        return False
    try:
        # As `models.folder` opens it.
        path = Path(place).expanduser()
        return not (path.is_absolute() and path.resolve().is_relative_to(project.root().resolve()))
    except (RuntimeError, OSError, ValueError):
        return True
