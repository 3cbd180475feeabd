"""The record's address: that of a SQLite file, the file of an address, and how an address is shown to people."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.parse import unquote

from veritrain_lib.redaction import without_password

SQLITE = "sqlite:///"


def of_file(file: Path) -> str:
    """The SQLAlchemy address of a SQLite file. `%` and `?` in its path are quoted: they have a meaning in addresses."""
    return SQLITE + str(file).replace("%", "%25").replace("?", "%3F")


def file_of(address: str) -> Path | None:
    """The file of a SQLite address; None for another database, one in memory, or one with options."""
    if not address.startswith(SQLITE) or "?" in address:
        return None
    name = unquote(address.removeprefix(SQLITE))
    return Path(name) if name and name != ":memory:" else None


def shown(address: str) -> str:
    """An address for people and logs: a password in it is `***`.

    >>> shown("postgresql://me:s3cret@db:5432/veritrain")
    'postgresql://me:***@db:5432/veritrain'
    """
    return without_password(address)


def without_passwords(text: str, address: str) -> str:
    """A library's message about an address, without the passwords that it may quote."""
    return shown(text.replace(address, shown(address)))


def fingerprint(address: str) -> str:
    """A short digest that tells addresses apart without showing them."""
    return hashlib.sha256(address.encode()).hexdigest()[:12]
