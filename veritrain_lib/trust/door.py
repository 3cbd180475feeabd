"""The check that everything which is code passes before it is opened.

What people of this machine put beside their task is their own: it runs. What lies in `mlruns/` came
into the record through a client: it counts as foreign, whoever opens it, even a stage on the command line.
"""

from __future__ import annotations

from pathlib import Path

from veritrain_lib.core import project
from veritrain_lib.core.errors import Refused
from veritrain_lib.trust import approvals


def require_approval(digest: str, subject: str, reason: str) -> None:
    """Check that an admin approved content with this digest.

    Args:
        digest: The digest.
        subject: Name of the content for people.
        reason: What makes it code.

    Raises:
        Refused: It is not approved; the message has the digest and what to do.
    """
    if approvals.is_approved(digest):
        return
    raise Refused(
        f"{subject} is not opened: {reason}, and to open it is to run its author's code. It may run once an admin has "
        f"looked at it and approved exactly this content: veritrain approve {digest} (on the machine of the record), "
        f'or POST /api/v1/approvals {{"digest": "{digest}"}}'
    )


def require_local_file(file: Path, subject: str) -> None:
    """Check that a file that is code is not a stored artifact.

    Such files are task files, rules, suites, notebooks and weights. Anywhere but in `mlruns/` it was put by people of
    this machine. Links count as the content they point to.

    Args:
        file: The file.
        subject: Name of the file for people.

    Raises:
        Refused: It lies in `mlruns/`.
    """
    if is_artifact(file):
        raise Refused(
            f"{subject} is not opened: {file.resolve()} lies among the files of the record, which clients of the server "
            "write, and to open it is to run its author's code. If you have looked at it and it may run here, copy it to "
            "a folder of your own, beside your task"
        )


def is_artifact(path: Path) -> bool:
    """Return whether a file or folder lies in `mlruns/`, where the server writes what clients send."""
    try:
        return path.resolve().is_relative_to(project.artifacts().resolve())
    except (OSError, RuntimeError, ValueError):  # not a path: a loop of links, a NUL, a name too long
        return False
