"""The one door that everything which is code goes through before it is opened.

The rule is plain. What people of this machine put beside their task is their own: it runs. What lies in `mlruns/` came
into the record through somebody's client: it is somebody else's, whoever opens it, a stage on the command line too.
"""

from __future__ import annotations

from pathlib import Path

from veritrain_lib.core import project
from veritrain_lib.core.errors import Refused
from veritrain_lib.trust import approvals


def admit(digest: str, what: str, why: str) -> None:
    """Let content with this digest run if an admin approved it.

    `what` names it for people and `why` says what makes it code. Raises Refused with the digest and what to do.
    """
    if approvals.is_approved(digest):
        return
    raise Refused(
        f"{what} is not opened: {why}, and to open it is to run its author's code. It may run once an admin has "
        f"looked at it and approved exactly this content: veritrain approve {digest} (on the machine of the record), "
        f'or POST /api/v1/approvals {{"digest": "{digest}"}}'
    )


def own_file(file: Path, what: str) -> None:
    """Let a file that is code (a task file, a rule, a suite, a notebook, weights) be read.

    Anywhere but in `mlruns/` it was put by people of this machine. Links count as what they show. Raises Refused.
    """
    if is_kept(file):
        raise Refused(
            f"{what} is not opened: {file.resolve()} lies among the files of the record, which clients of the server "
            "write, and to open it is to run its author's code. If you have looked at it and it may run here, copy it to "
            "a folder of your own, beside your task"
        )


def is_kept(place: Path) -> bool:
    """Whether a file or folder lies in `mlruns/`, where the server writes what clients send."""
    try:
        return place.resolve().is_relative_to(project.artifacts().resolve())
    except (OSError, RuntimeError, ValueError):  # no place at all: a loop of links, a NUL, a name too long
        return False
