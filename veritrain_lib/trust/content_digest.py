"""The content of a file or a folder: its digest, and a copy that nobody else can change while it is opened."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

from veritrain_lib.core.digest import of_json


def digest_of(place: Path) -> str:
    """SHA-256 of a file's bytes, or over names and bytes of every file of a folder. Links count as what they show."""
    if place.is_file():
        return _of_file(place)
    files = sorted(file for file in place.rglob("*") if file.is_file())
    return of_json({file.relative_to(place).as_posix(): _of_file(file) for file in files})


def private_copy(place: Path) -> tempfile.TemporaryDirectory[str]:
    """A copy in a folder of this user's own, whose digest can't change between the question and the opening.

    The copy is `content` in it, a file or a folder. It is removed with the object that is given back.
    """
    made = tempfile.TemporaryDirectory(prefix="veritrain-opened-")
    copy = Path(made.name) / "content"
    if place.is_file():
        shutil.copyfile(place, copy)
    else:
        shutil.copytree(place, copy)
    return made


def _of_file(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
