"""Keys and addresses from the environment and a `.env` file; a key leaves this file only for the HTTP client."""

from __future__ import annotations

import os
from pathlib import Path

from veritrain_lib.core import project
from veritrain_lib.core.errors import UserError
from veritrain_lib.llm.records import Endpoint
from veritrain_lib.redaction import redactor
from veritrain_lib.redaction.process_secrets import dotenv

KEY_NAMES = {
    "openai": ("OPENAI_API_KEY",),
    "azure": ("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_KEY"),
}
SHORTEST_SECRET = 6
"""Shorter values are not hidden: they would tear holes into innocent text."""


def setting(*names: str) -> str | None:
    """The first of the environment variables that is set and not empty.

    Each name is looked up in the environment, then in `.env` of the working directory and of the project's
    folder; the environment wins, and the file changes nothing in it.
    """
    for source in (os.environ, *(dotenv(folder) for folder in (Path.cwd(), project.root()))):
        for name in names:
            value = (source.get(name) or "").strip()
            if value:
                return value
    return None


def project_setting(name: str) -> str:
    """As `setting`, but the only file looked at is that of the project's folder: it says where the record is, which
    must not depend on where a command is typed. Empty when it is not set."""
    return os.environ.get(name) or dotenv(project.root()).get(name, "")


def key_of(endpoint: Endpoint) -> str:
    """The key for an endpoint. Raises UserError with the one thing to set when there is none."""
    names = KEY_NAMES[endpoint.provider]
    found = setting(*names)
    if found is None:
        raise UserError(
            f"no key for {endpoint.address}: set {' or '.join(names)} in the environment or in .env "
            "(.env.example shows how)"
        )
    if not found.isascii() or not found.isprintable():
        raise UserError(f"the key in {' or '.join(names)} holds characters that no key has; copy it again")
    return found


class Hider:
    """Replaces every key that is known when it is made by `[key]`: services like to quote the key they refuse.

    What else of the environment is a secret goes too, in whatever form it is written (`veritrain_lib.redaction`).
    """

    def __init__(self) -> None:
        found = {setting(name) for names in KEY_NAMES.values() for name in names}
        long_enough = [value for value in found if value and len(value) >= SHORTEST_SECRET]
        self._keys = sorted(long_enough, key=len, reverse=True)
        self._others = redactor()

    def __call__(self, text: str) -> str:
        """The text without keys."""
        for key in self._keys:
            if key in text:
                text = text.replace(key, "[key]")
        return self._others(text)

    def __repr__(self) -> str:
        return f"Hider({len(self._keys)} keys)"


def without_keys(text: str) -> str:
    """As `Hider`, for a single text."""
    return Hider()(text)
