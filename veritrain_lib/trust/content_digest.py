"""Digest of stored code (a file or a folder), and a private copy that nobody can change while it is opened."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

from veritrain_lib.core.digest import of_json


def digest_of(path: Path) -> str:
    """Return the SHA-256 digest of a file's bytes, or of the names and bytes of all files of a folder.

    A symbolic link counts as the content to which it points.
    """
    if path.is_file():
        return _of_file(path)
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return of_json({file.relative_to(path).as_posix(): _of_file(file) for file in files})


def private_copy(path: Path) -> tempfile.TemporaryDirectory[str]:
    """Copy a file or folder to a temporary folder that only this user can change.

    Take the digest of the copy and open the copy: so its content can't change between the check and the opening.

    Returns:
        The temporary folder; the copy is named `content` in it, and is deleted with this object.
    """
    folder = tempfile.TemporaryDirectory(prefix="veritrain-opened-")
    copy = Path(folder.name) / "content"
    if path.is_file():
        shutil.copyfile(path, copy)
    else:
        shutil.copytree(path, copy)
    return folder


def _of_file(file: Path) -> str:
    """Return the SHA-256 digest of a file's bytes."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
