"""Redaction of this process's secrets: those of its environment and of the `.env` files it reads."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from veritrain_lib.core import project
from veritrain_lib.redaction.redactor import Redactor


def redact(text: str) -> str:
    """Return the text without the secrets of this process and without passwords in URLs."""
    return redactor()(text)


def redact_value(value: Any) -> Any:
    """Return a copy of a JSON value, its keys included, without the secrets of this process."""
    return redactor().value(value)


def redactor(extra: Mapping[str, str] | None = None) -> Redactor:
    """Return the redactor for the secrets in this process's environment, as it is now, and in its `.env` files.

    Args:
        extra: Additional environment variables, such as those that a kernel gets; default none.
    """
    environment = {**_dotenv_settings(), **os.environ, **(extra or {})}
    return _cached_redactor(tuple(sorted(environment.items())))


@lru_cache(maxsize=4)
def _cached_redactor(items: tuple[tuple[str, str], ...]) -> Redactor:
    return Redactor(dict(items))


def _dotenv_settings() -> dict[str, str]:
    settings: dict[str, str] = {}
    for folder in dict.fromkeys((project.root(), Path.cwd())):
        settings |= read_dotenv(folder)
    return settings


def read_dotenv(folder: Path) -> dict[str, str]:
    """Return the non-empty settings in a folder's file `.env`, by name; empty if there is no such file.

    The result is cached until the file changes.
    """
    file = folder / ".env"
    try:
        status = file.stat()
    except OSError:
        return {}
    return _read(file, status.st_mtime_ns, status.st_size) if file.is_file() else {}


@lru_cache(maxsize=8)
def _read(file: Path, changed: int, size: int) -> dict[str, str]:
    from dotenv import dotenv_values

    return {name: value for name, value in dotenv_values(file, interpolate=False).items() if value}
