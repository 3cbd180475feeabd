"""The digest of a file or a folder, and a private copy that can't change while it is opened."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

from veritrain_lib.core.digest import of_json


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, or over names and bytes of every file of a folder.

    Links count as the content they point to.
    """
    if path.is_file():
        return _of_file(path)
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return of_json({file.relative_to(path).as_posix(): _of_file(file) for file in files})


def private_copy(path: Path) -> tempfile.TemporaryDirectory[str]:
    """Copy a file or folder to a folder that only this user can change.

    So the digest can't change between the check and the opening. The copy is `content` in it, a file or a folder. It is
    removed with the returned object.
    """
    folder = tempfile.TemporaryDirectory(prefix="veritrain-opened-")
    copy = Path(folder.name) / "content"
    if path.is_file():
        shutil.copyfile(path, copy)
    else:
        shutil.copytree(path, copy)
    return folder


def _of_file(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
