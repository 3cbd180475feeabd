"""Content digests (SHA-256) of files, rows and code, by which finished work is found again."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
# Shared: `json.dumps` would create an encoder for each of a million rows.


def of_json(value: object) -> str:
    """Return the SHA-256 of the canonical JSON of a value, as 64 hex digits. Key order does not matter."""
    return hashlib.sha256(_CANONICAL.encode(value).encode()).hexdigest()


def of_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def of_example(fields: dict[str, str]) -> str:
    """Return the id of an example: 16 hex digits of the digest of its input fields (not of its target)."""
    return of_json(fields)[:16]


def of_rows(rows: pd.DataFrame) -> str:
    """Return the SHA-256 over rows in order: column names and every value; the index does not count."""
    names = [str(name) for name in rows.columns]
    lines = rows.astype(object).where(rows.notna(), None).to_dict("records") if len(rows) else []
    return of_json([names, lines])


EXCLUDED_PATHS = (
    "cli/", "doctor/", "ui/", "library/", "new_task/", "loop/", "execution/", "server/", "trust/", "core/claims.py",
    "core/event_log.py", "core/liveness.py", "core/lock_file.py", "core/temporary_folders.py",
)  # fmt: skip
"""Folders and files that display, launch or arrange work, but can't change the result of a stage."""


MODEL_CODE = ("trainers", "models")
"""Packages whose code determines a model that is trained here."""


@cache
def of_code(*packages: str) -> str:
    """Return the SHA-256 over the library's own source files, which identifies the code that made a result.

    Args:
        *packages: Packages and modules (`trainers`, `task`, ...) to include; without any, everything but
            `EXCLUDED_PATHS`.
    """
    package = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        name = path.relative_to(package).as_posix()
        package_name = path.relative_to(package).parts[0].removesuffix(".py")
        if package_name not in packages if packages else name.startswith(EXCLUDED_PATHS):
            continue
        digest.update(name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
