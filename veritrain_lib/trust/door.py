"""Check before code is opened: it must be approved, or be a file of the people who work on this machine.

A file that people of this machine put beside their task is their own and runs. A file in `mlruns/` may come from a
client of the server, so it counts as foreign, whoever opens it.
"""

from __future__ import annotations

from pathlib import Path

from veritrain_lib.core import project
from veritrain_lib.core.errors import Refused
from veritrain_lib.trust import approvals


def require_approval(digest: str, subject: str, reason: str) -> None:
    """Check that an admin has approved stored code.

    Args:
        digest: SHA-256 digest of the code.
        subject: Name of the code, for the error message.
        reason: Why it counts as code, for the error message.

    Raises:
        Refused: It is not approved; the message contains the digest and the command that approves it.
    """
    if approvals.is_approved(digest):
        return
    raise Refused(
        f"{subject} is not opened: {reason}, and to open it is to run its author's code. It may run once an admin has "
        f"looked at it and approved exactly this content: veritrain approve {digest} (on the machine of the record), "
        f'or POST /api/v1/approvals {{"digest": "{digest}"}}'
    )


def require_local_file(file: Path, subject: str) -> None:
    """Check that a file which can contain code (rules, notebook, weights, ...) is not an artifact of MLflow.

    A file in `mlruns/` may come from a client of the server; a file anywhere else was put there by people of this
    machine. A symbolic link counts as the file to which it points.

    Args:
        file: Path of the file.
        subject: Name of the file, for the error message.

    Raises:
        Refused: The file is in `mlruns/`.
    """
    if is_artifact(file):
        raise Refused(
            f"{subject} is not opened: {file.resolve()} lies among the files of the record, which clients of the server "
            "write, and to open it is to run its author's code. If you have looked at it and it may run here, copy it to "
            "a folder of your own, beside your task"
        )


def is_artifact(path: Path) -> bool:
    """Return whether a file or folder is in `mlruns/`, where MLflow's server stores what clients send."""
    try:
        return path.resolve().is_relative_to(project.artifacts().resolve())
    except (OSError, RuntimeError, ValueError):  # not a path: a loop of links, a NUL, a name too long
        return False
