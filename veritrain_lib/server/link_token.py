"""Token of the access link, the secret of a server without user accounts, in a file that only its owner can read.

`veritrain serve` prints a link that contains the token. Without it, every user who is logged in to this machine could
use the server, since all of them reach its loopback address.
"""

from __future__ import annotations

import os
import secrets
import stat
from typing import Final

from veritrain_lib.core import project
from veritrain_lib.core.errors import Infrastructure

TOKEN_FILE: Final = "link_token"
"""Name of the token's file in the project's folder `.veritrain/`."""

MIN_TOKEN_LENGTH = 32
"""Minimum number of characters of a stored token. Those that `link_token` creates have 43 (256 random bits)."""


def link_token() -> str:
    """Return the token of this project's access link, which stays the same when the server is started again.

    A new token is created if there is none, or if other users of this machine could read its file.

    Raises:
        Infrastructure: The token's file can't be read or written.
    """
    path = project.state(TOKEN_FILE)
    try:
        stored = _read_token()
        if stored:
            return stored
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:  # another worker process created it first
            return _read_token() or link_token()
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(secrets.token_urlsafe(32))
        return _read_token()
    except OSError as error:
        raise Infrastructure(
            f"the token of the server's access link can't be stored in {path}: {error.strerror}"
        ) from error


def _read_token() -> str:
    """Return the stored token of the access link.

    The result is an empty string if there is no token, if it is damaged, or if other users can read its file.
    """
    path = project.state(TOKEN_FILE)
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
            return ""
        text = path.read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return ""
    return text if len(text) >= MIN_TOKEN_LENGTH else ""
