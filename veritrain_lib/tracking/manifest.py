"""Manifest (`files.json`): the list of the files that a run stored, by which missing and changed ones are detected."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from veritrain_lib.core import digest

FILE_NAME = "files.json"
"""Name of the manifest within the folder whose files it lists."""

MAX_HASHED_BYTES = 16 * 2**20
"""Maximum bytes of a file whose content is compared by digest; of a larger file only the size is compared."""


def write(folder: Path, *parts: str) -> None:
    """Write a manifest of a folder's files, with their sizes and digests, into the folder.

    Args:
        folder: The folder; it is created if it does not exist.
        parts: Subfolders whose files are listed; `.` means the folder as a whole.
    """
    entries = {
        file.relative_to(folder).as_posix(): _signature(file)
        for part in parts
        for file in sorted((folder / part).rglob("*"))
        if file.is_file() and file != folder / FILE_NAME
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE_NAME).write_text(json.dumps(entries, indent=0, sort_keys=True), encoding="utf-8")


def missing(folder: Path) -> list[str]:
    """Return the names of a folder's files that are missing or changed since its manifest was written.

    Without a readable manifest the only name is that of the manifest, or of the folder if that does not exist.
    """
    try:
        entries = _entries(folder / FILE_NAME, file_version(folder / FILE_NAME))
        return [name for name, stored in entries.items() if not _is_unchanged(folder / name, stored)]
    except (OSError, ValueError, AttributeError):
        return [FILE_NAME if folder.is_dir() else f"{folder.name}/"]


def is_intact(folder: Path, name: str) -> bool:
    """Return whether a file of a folder exists and, if the folder's manifest lists it, has not changed since."""
    try:
        stored = _entries(folder / FILE_NAME, file_version(folder / FILE_NAME)).get(name)
    except (OSError, ValueError, AttributeError):
        stored = None
    return (folder / name).is_file() if stored is None else _is_unchanged(folder / name, stored)


def _is_unchanged(file: Path, stored: object) -> bool:
    try:
        return _signature(file) == stored
    except OSError:
        return False


def _signature(file: Path) -> list[int | str]:
    version = file_version(file)
    size = version[0]
    return [size, _content(file, version) if size <= MAX_HASHED_BYTES else ""]


def file_version(file: Path) -> tuple[int, ...]:
    """Return numbers that change when a file is written or replaced: its size, its inode and its times."""
    stat = file.stat()
    return stat.st_size, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns


@lru_cache(maxsize=1000)
def _entries(file: Path, version: tuple[int, ...]) -> dict[str, list[int | str]]:
    """Return the content of a manifest; a process reads each version of the file once."""
    entries: dict[str, list[int | str]] = json.loads(file.read_text(encoding="utf-8"))
    return entries


@lru_cache(maxsize=10_000)
def _content(file: Path, version: tuple[int, ...]) -> str:
    """Return the digest of a file's content; a process reads each version of the file once."""
    return digest.of_file(file)[:16]
