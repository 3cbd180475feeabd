"""The secrets of this process: its environment, and the `.env` files that settings are read from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from veritrain_lib.core import project
from veritrain_lib.redaction.redactor import Redactor


def redact(text: str) -> str:
    """The text without the secrets of this process and without passwords in addresses."""
    return redactor()(text)


def redact_value(value: Any) -> Any:
    """A JSON value, its keys included, without them."""
    return redactor().value(value)


def redactor(more: Mapping[str, str] | None = None) -> Redactor:
    """For the environment as it is now. `more`: what a kernel is given on top of it."""
    whole = {**_from_files(), **os.environ, **(more or {})}
    return _made(tuple(sorted(whole.items())))


@lru_cache(maxsize=4)
def _made(items: tuple[tuple[str, str], ...]) -> Redactor:
    return Redactor(dict(items))


def _from_files() -> dict[str, str]:
    found: dict[str, str] = {}
    for folder in dict.fromkeys((project.root(), Path.cwd())):
        found |= dotenv(folder)
    return found


def dotenv(folder: Path) -> dict[str, str]:
    """The settings of a folder's `.env` that are not empty; read again when the file has changed."""
    file = folder / ".env"
    try:
        there = file.stat()
    except OSError:
        return {}
    return _read(file, there.st_mtime_ns, there.st_size) if file.is_file() else {}


@lru_cache(maxsize=8)
def _read(file: Path, changed: int, size: int) -> dict[str, str]:
    from dotenv import dotenv_values

    return {name: value for name, value in dotenv_values(file, interpolate=False).items() if value}
