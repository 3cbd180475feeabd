"""Tracking URIs: conversion between SQLite files and URIs, and URIs without their passwords."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.parse import unquote

from veritrain_lib.redaction import redact_passwords

SQLITE = "sqlite:///"


def sqlite_uri(file: Path) -> str:
    """Return the SQLAlchemy URI of a SQLite file.

    `%` and `?` in the path are quoted, because they have a meaning in URIs.
    """
    return SQLITE + str(file).replace("%", "%25").replace("?", "%3F")


def sqlite_path(address: str) -> Path | None:
    """Return the file of a SQLite URI.

    Returns:
        The path, or None for another database, one in memory, or a URI with options.
    """
    if not address.startswith(SQLITE) or "?" in address:
        return None
    name = unquote(address.removeprefix(SQLITE))
    return Path(name) if name and name != ":memory:" else None


def masked(address: str) -> str:
    """Replace a password in a URI by `***`, for people and logs.

    >>> masked("postgresql://me:s3cret@db:5432/veritrain")
    'postgresql://me:***@db:5432/veritrain'
    """
    return redact_passwords(address)


def mask_passwords(text: str, address: str) -> str:
    """Remove the passwords of a URI from a library's message that may quote it."""
    return masked(text.replace(address, masked(address)))


def fingerprint(address: str) -> str:
    """Return a short digest that tells URIs apart without showing them."""
    return hashlib.sha256(address.encode()).hexdigest()[:12]
