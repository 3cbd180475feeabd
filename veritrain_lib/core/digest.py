"""Content digests (SHA-256) of files, rows and code; finished work is found again by the digest of its inputs."""

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
    """Return the SHA-256 digest of a value's canonical JSON as 64 hex digits; the order of keys does not matter."""
    return hashlib.sha256(_CANONICAL.encode(value).encode()).hexdigest()


def of_file(path: Path) -> str:
    """Return the SHA-256 digest of a file's bytes as 64 hex digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def of_example(fields: dict[str, str]) -> str:
    """Return the id of a row: the first 16 hex digits of the digest of its input fields; its target does not count."""
    return of_json(fields)[:16]


def of_rows(rows: pd.DataFrame) -> str:
    """Return the SHA-256 digest of a table as 64 hex digits.

    It covers the column names and every value in order; the index does not count, and missing values count as None.
    """
    names = [str(name) for name in rows.columns]
    lines = rows.astype(object).where(rows.notna(), None).to_dict("records") if len(rows) else []
    return of_json([names, lines])


EXCLUDED_PATHS = (
    "cli/", "doctor/", "ui/", "library/", "new_task/", "loop/", "execution/", "server/", "trust/", "core/claims.py",
    "core/liveness.py", "core/lock_file.py", "core/temporary_folders.py", "tracking/event_log.py",
    "tracking/event_archive.py", "tracking/logged_event.py", "tracking/state/",
)  # fmt: skip
"""Folders and files whose code can't change a stage's result, because they only display, launch or arrange work."""


MODEL_CODE = ("trainers", "models", "encoders")
"""Packages whose code determines the models that are trained on this machine."""


@cache
def of_code(*packages: str) -> str:
    """Return the SHA-256 digest of this library's own source files, so that results of other code are told apart.

    Args:
        *packages: Packages and modules to include, such as `trainers`; without any, everything but `EXCLUDED_PATHS`.
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
