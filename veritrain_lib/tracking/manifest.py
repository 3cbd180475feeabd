"""The manifest of stored files (`files.json`), by which missing and changed files are detected."""

from __future__ import annotations

import json
from pathlib import Path

from veritrain_lib.core import digest

FILE_NAME = "files.json"

MAX_HASHED_BYTES = 16 * 2**20
"""Files up to this size are checked by digest, larger ones by their size alone."""


def write(folder: Path, *parts: str) -> None:
    """Write the manifest of a folder.

    Args:
        folder: The folder, in which the manifest is stored.
        parts: Subfolders whose files are listed; `.` means all of it.
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
    """Return the names of files that are missing or changed; the manifest itself may be one of them."""
    try:
        entries = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
        return [name for name, stored in entries.items() if not _is_unchanged(folder / name, stored)]
    except (OSError, ValueError, AttributeError):
        return [FILE_NAME if folder.is_dir() else f"{folder.name}/"]


def _is_unchanged(file: Path, stored: object) -> bool:
    try:
        return _signature(file) == stored
    except OSError:
        return False


def _signature(file: Path) -> list[int | str]:
    size = file.stat().st_size
    return [size, digest.of_file(file)[:16] if size <= MAX_HASHED_BYTES else ""]
