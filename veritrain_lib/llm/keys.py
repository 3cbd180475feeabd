"""API keys and settings from the environment and a `.env` file.

A key leaves this module only for the HTTP client.
"""

from __future__ import annotations

import os
from pathlib import Path

from veritrain_lib.core import project
from veritrain_lib.core.errors import UserError
from veritrain_lib.llm.records import Endpoint
from veritrain_lib.redaction import redactor
from veritrain_lib.redaction.process_secrets import read_dotenv

KEY_NAMES = {
    "openai": ("OPENAI_API_KEY",),
    "azure": ("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_KEY"),
}
MIN_KEY_CHARACTERS = 6
"""Shorter values are not redacted: they would damage unrelated text."""


def setting(*names: str) -> str | None:
    """Return the first of the environment variables that is set and not empty.

    Each name is looked up in the environment, then in `.env` of the working directory and of the project's
    folder; the environment wins, and the file changes nothing in it.
    """
    for source in (os.environ, *(read_dotenv(folder) for folder in (Path.cwd(), project.root()))):
        for name in names:
            value = (source.get(name) or "").strip()
            if value:
                return value
    return None


def project_setting(name: str) -> str:
    """Return a setting of the environment or of the project folder's `.env`; empty when it is not set.

    It says where the record is, which must not depend on the folder in which a command is typed.
    """
    return os.environ.get(name) or read_dotenv(project.root()).get(name, "")


def key_of(endpoint: Endpoint) -> str:
    """Return the key for an endpoint.

    Raises:
        UserError: There is no key; the message names the one thing to set.
    """
    names = KEY_NAMES[endpoint.provider]
    key = setting(*names)
    if key is None:
        raise UserError(
            f"no key for {endpoint.address}: set {' or '.join(names)} in the environment or in .env "
            "(.env.example shows how)"
        )
    if not key.isascii() or not key.isprintable():
        raise UserError(
            f"the key in {' or '.join(names)} contains characters that are not allowed in a key; copy it again"
        )
    return key


class KeyRedactor:
    """Replaces every key that is set when it is created by `[key]`: services often quote the key they refuse.

    All other secrets of the environment are removed too, in whatever encoding (`veritrain_lib.redaction`).
    """

    def __init__(self) -> None:
        keys = {setting(name) for names in KEY_NAMES.values() for name in names}
        long_enough = [value for value in keys if value and len(value) >= MIN_KEY_CHARACTERS]
        self._keys = sorted(long_enough, key=len, reverse=True)
        self._redactor = redactor()

    def __call__(self, text: str) -> str:
        """Return the text without keys."""
        for key in self._keys:
            if key in text:
                text = text.replace(key, "[key]")
        return self._redactor(text)

    def __repr__(self) -> str:
        return f"Hider({len(self._keys)} keys)"


def redact_keys(text: str) -> str:
    """Remove keys from a single text, as `KeyRedactor` does."""
    return KeyRedactor()(text)
