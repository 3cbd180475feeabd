"""Token of the access link of a server without accounts: a file that only the server's user can read.

Everybody who can log in to this machine reaches its loopback address, so the address alone must not be enough.
"""

from __future__ import annotations

import os
import secrets
import stat

from veritrain_lib.core import project
from veritrain_lib.core.errors import Infrastructure

TOKEN_FILE = "link_token"

MIN_TOKEN_LENGTH = 32
"""Characters of a token at least; ours has 43, which are 256 bits."""


def link_token() -> str:
    """Return the token of this project; create it if there is none or if other users could read it.

    The token stays the same from start to start.

    Raises:
        Infrastructure: The token can't be stored.
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
    """Return the stored token, or an empty string if there is none or if other users can read the file."""
    path = project.state(TOKEN_FILE)
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
            return ""
        text = path.read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return ""
    return text if len(text) >= MIN_TOKEN_LENGTH else ""
