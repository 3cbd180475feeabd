"""Content that an admin approved, by its digest.

Each approval is one file in `.veritrain/approved/`, on the machine where the code runs: neither MLflow's server nor
the record's database can put anything there.
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
    """Content that may run.

    Attributes:
        digest: SHA-256 of the content.
        note: Description for people.
        by: Who approved it.
        at: When it was approved (ISO 8601, UTC).
    """

    digest: str
    note: str
    by: str
    at: str


def approve(digest: str, note: str, by: str) -> Approval:
    """Let content of this digest run from now on; a second approval replaces note and name.

    Raises:
        UserError: `digest` is not a digest.
        Infrastructure: The approval can't be written.
    """
    approval = Approval(_require_digest(digest), note, by, datetime.now(UTC).isoformat(timespec="seconds"))
    file = _file(digest)
    part = file.with_suffix(".part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(asdict(approval), ensure_ascii=False), encoding="utf-8")
        part.replace(file)
    except OSError as error:
        raise Infrastructure(f"the approval can't be written to {file}: {error.strerror}") from error
    return approval


def revoke(digest: str) -> bool:
    """Revoke an approval and return whether there was one; what runs already continues.

    Raises:
        UserError: `digest` is not a digest.
    """
    file = _file(_require_digest(digest))
    existed = file.is_file()
    file.unlink(missing_ok=True)
    return existed


def is_approved(digest: str) -> bool:
    """Return whether content of this digest may run; a damaged file approves nothing."""
    return DIGEST.fullmatch(digest) is not None and _read(_file(digest)) is not None


def list_approvals() -> list[Approval]:
    """Return every approval, the oldest first."""
    approvals = [_read(file) for file in _folder().glob("*.json")]
    return sorted(
        (approval for approval in approvals if approval is not None),
        key=lambda approval: (approval.at, approval.digest),
    )


def _read(file: Path) -> Approval | None:
    try:
        approval = Approval(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return approval if approval.digest == file.stem else None


def _require_digest(digest: str) -> str:
    if not DIGEST.fullmatch(digest):
        raise UserError(
            f"{digest[:80]!r} is not a digest; a digest is the 64 hex digits that the refusal names"
        )
    return digest


def _file(digest: str) -> Path:
    return _folder() / f"{digest}.json"


def _folder() -> Path:
    return project.state("approved")
