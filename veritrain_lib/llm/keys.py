"""Functions that read the API keys and settings of chat services from the environment and a `.env` file.

A key is passed on only to the HTTP client, never to a log, a file or a message.
"""

from __future__ import annotations

import os
from pathlib import Path

from veritrain_lib.core import project
from veritrain_lib.core.errors import UserError
from veritrain_lib.llm.providers import PROVIDERS
from veritrain_lib.llm.records import Endpoint
from veritrain_lib.redaction import redactor
from veritrain_lib.redaction.process_secrets import read_dotenv

MIN_KEY_CHARACTERS = 6
"""Length from which on a key is redacted in texts; shorter values would damage unrelated text."""


def setting(*names: str) -> str | None:
    """Return a setting of a chat service: the first of the named variables that is set and not empty; None without one.

    The names are looked up in the environment first, then in `.env` of the working directory, then in `.env`
    of the project's folder. The environment is not changed.
    """
    for source in (os.environ, *(read_dotenv(folder) for folder in (Path.cwd(), project.root()))):
        for name in names:
            value = (source.get(name) or "").strip()
            if value:
                return value
    return None


def project_setting(name: str) -> str:
    """Return a setting from the environment or the project folder's `.env`; empty when it is not set.

    Unlike `setting` it ignores the working directory: it locates the tracking store, which must not depend on
    the folder in which a command is typed.
    """
    return os.environ.get(name) or read_dotenv(project.root()).get(name, "")


def key_of(endpoint: Endpoint) -> str:
    """Return the API key for an endpoint.

    Raises:
        UserError: There is no key, or it contains forbidden characters; the message names the variable to
            set.
    """
    names = PROVIDERS[endpoint.provider].key_settings
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
    """Callable that replaces API keys in a text by `[key]`, because services often quote a key that they reject.

    All other secrets of the environment are removed too, in any encoding (`veritrain_lib.redaction`).
    """

    def __init__(self) -> None:
        keys = {setting(name) for provider in PROVIDERS.values() for name in provider.key_settings}
        long_enough = [value for value in keys if value and len(value) >= MIN_KEY_CHARACTERS]
        self._keys = sorted(long_enough, key=len, reverse=True)
        self._redactor = redactor()

    def __call__(self, text: str) -> str:
        """Return the text with API keys and other secrets replaced."""
        for key in self._keys:
            if key in text:
                text = text.replace(key, "[key]")
        return self._redactor(text)

    def __repr__(self) -> str:
        return f"KeyRedactor({len(self._keys)} keys)"


def redact_keys(text: str) -> str:
    """Return a single text with API keys replaced; use one `KeyRedactor` for many texts."""
    return KeyRedactor()(text)
