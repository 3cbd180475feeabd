"""Tracking URIs of the MLflow store: conversion from and to SQLite files, and removal of passwords."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.parse import unquote

from veritrain_lib.redaction import redact_passwords

SQLITE = "sqlite:///"
"""Beginning of the tracking URI of a SQLite file."""


def sqlite_uri(file: Path) -> str:
    """Return the tracking URI of a SQLite file in SQLAlchemy's form: `sqlite:///` and the path.

    `%` and `?` in the path are escaped, because they have a meaning in URIs.
    """
    return SQLITE + str(file).replace("%", "%25").replace("?", "%3F")


def sqlite_path(address: str) -> Path | None:
    """Return the file that a SQLite tracking URI names.

    Returns:
        The path, or None for another database, one in memory, or a URI with options.
    """
    if not address.startswith(SQLITE) or "?" in address:
        return None
    name = unquote(address.removeprefix(SQLITE))
    return Path(name) if name and name != ":memory:" else None


def masked(address: str) -> str:
    """Return a tracking URI with `***` in place of its password, for people and logs.

    >>> masked("postgresql://me:s3cret@db:5432/veritrain")
    'postgresql://me:***@db:5432/veritrain'
    """
    return redact_passwords(address)


def mask_passwords(text: str, address: str) -> str:
    """Return a library's message with `***` in place of the password of `address`, a tracking URI that it may quote."""
    return masked(text.replace(address, masked(address)))


def fingerprint(address: str) -> str:
    """Return the first 12 hexadecimal digits of a tracking URI's SHA-256 digest.

    The digest tells stores apart in file names and messages without showing the URI, which may hold a password.
    """
    return hashlib.sha256(address.encode()).hexdigest()[:12]
