"""What an admin approved, by the digest of its content.

One file each in `.veritrain/approved/`, on the machine whose code it becomes: neither MLflow's server nor the record's
database can put anything there.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from veritrain_lib.core import project
from veritrain_lib.core.errors import Infrastructure, UserError

DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Approval:
    """Content that may run: its digest (SHA-256), what it is for people, who approved it and when (ISO 8601, UTC)."""

    digest: str
    note: str
    by: str
    at: str


def approve(digest: str, note: str, by: str) -> Approval:
    """Let content of this digest run from now on; approved again, note and name are the new ones.

    Raises UserError for what is no digest and Infrastructure where it can't be written down.
    """
    made = Approval(_checked(digest), note, by, datetime.now(UTC).isoformat(timespec="seconds"))
    file = _file(digest)
    part = file.with_suffix(".part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(asdict(made), ensure_ascii=False), encoding="utf-8")
        part.replace(file)
    except OSError as error:
        raise Infrastructure(f"the approval can't be written to {file}: {error.strerror}") from error
    return made


def revoke(digest: str) -> bool:
    """Take an approval back; what runs already goes on. Whether there was one. Raises UserError for no digest."""
    file = _file(_checked(digest))
    there = file.is_file()
    file.unlink(missing_ok=True)
    return there


def is_approved(digest: str) -> bool:
    """Whether content of this digest may run. A damaged file approves nothing."""
    return DIGEST.fullmatch(digest) is not None and _read(_file(digest)) is not None


def listing() -> list[Approval]:
    """Every approval, the oldest first."""
    found = [_read(file) for file in _folder().glob("*.json")]
    return sorted((one for one in found if one is not None), key=lambda one: (one.at, one.digest))


def _read(file: Path) -> Approval | None:
    try:
        found = Approval(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return found if found.digest == file.stem else None


def _checked(digest: str) -> str:
    if not DIGEST.fullmatch(digest):
        raise UserError(f"{digest[:80]!r} is no digest; a digest is the 64 hex digits that the refusal names")
    return digest


def _file(digest: str) -> Path:
    return _folder() / f"{digest}.json"


def _folder() -> Path:
    return project.state("approved")
