"""A list of the files that were stored, beside them: what was lost or cut later is seen, and named."""

from __future__ import annotations

import json
from pathlib import Path

from veritrain_lib.core import digest

NAME = "files.json"

WHOLE_BYTES = 16 * 2**20
"""A file up to this size is known by its digest, a larger one by its size alone."""


def write(folder: Path, *parts: str) -> None:
    """List the files below the parts of a folder (`.` is all of it), in the folder."""
    found = {
        file.relative_to(folder).as_posix(): _known_by(file)
        for part in parts
        for file in sorted((folder / part).rglob("*"))
        if file.is_file() and file != folder / NAME
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / NAME).write_text(json.dumps(found, indent=0, sort_keys=True), encoding="utf-8")


def missing(folder: Path) -> list[str]:
    """The files of a folder that are gone or not as they were stored, by name; the list itself may be one."""
    try:
        known = json.loads((folder / NAME).read_text(encoding="utf-8"))
        return [name for name, stored in known.items() if not _is_as(folder / name, stored)]
    except (OSError, ValueError, AttributeError):
        return [NAME if folder.is_dir() else f"{folder.name}/"]


def _is_as(file: Path, stored: object) -> bool:
    try:
        return _known_by(file) == stored
    except OSError:
        return False


def _known_by(file: Path) -> list[int | str]:
    size = file.stat().st_size
    return [size, digest.of_file(file)[:16] if size <= WHOLE_BYTES else ""]
