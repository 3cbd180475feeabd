"""Approvals, by which an admin allows stored code (such as a model's) to run, identified by the digest of its content.

An approval is a file in `.veritrain/approved/` on the machine where the code runs. Neither MLflow's server nor its
database can write there.
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
"""Regular expression for a SHA-256 digest in hexadecimal."""


@dataclass(frozen=True)
class Approval:
    """Approval of stored code by an admin.

    Attributes:
        digest: SHA-256 digest of the content.
        note: Description for people.
        by: Name of the admin.
        at: Time of the approval (ISO 8601, UTC).
    """

    digest: str
    note: str
    by: str
    at: str


def approve(digest: str, note: str, by: str) -> Approval:
    """Allow stored code to run from now on, and return the approval; it replaces an earlier one of the same digest.

    Args:
        digest: SHA-256 digest of the content, 64 hexadecimal digits.
        note: Description for people.
        by: Name of the admin.

    Raises:
        UserError: `digest` is not a SHA-256 digest.
        Infrastructure: The approval can't be written to its file.
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
    """Revoke the approval of stored code; processes that already run it continue.

    Returns:
        Whether there was an approval.

    Raises:
        UserError: `digest` is not a SHA-256 digest.
    """
    file = _file(_require_digest(digest))
    existed = file.is_file()
    file.unlink(missing_ok=True)
    return existed


def is_approved(digest: str) -> bool:
    """Return whether an admin has allowed stored code with this digest to run; a damaged approval does not count."""
    return DIGEST.fullmatch(digest) is not None and _read(_file(digest)) is not None


def list_approvals() -> list[Approval]:
    """Return all approvals of stored code, oldest first; damaged ones are left out."""
    approvals = [_read(file) for file in _folder().glob("*.json")]
    return sorted(
        (approval for approval in approvals if approval is not None),
        key=lambda approval: (approval.at, approval.digest),
    )


def _read(file: Path) -> Approval | None:
    """Return the approval in a file; None if the file is missing, damaged, or named after another digest."""
    try:
        approval = Approval(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return approval if approval.digest == file.stem else None


def _require_digest(digest: str) -> str:
    """Return a text if it is a SHA-256 digest; raise UserError otherwise."""
    if not DIGEST.fullmatch(digest):
        raise UserError(
            f"{digest[:80]!r} is not a digest; a digest is the 64 hex digits that the refusal names"
        )
    return digest


def _file(digest: str) -> Path:
    """Return the path of the file of an approval."""
    return _folder() / f"{digest}.json"


def _folder() -> Path:
    """Return the folder of the approvals."""
    return project.state("approved")
