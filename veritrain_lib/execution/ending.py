"""Why a run stopped, as the engine knows it, and the one line that says so.

The line travels into logs, MLflow tags and web pages, so it is made safe here:
one line, bounded, without terminal colours, and without values that the
environment marks as secret.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from veritrain_lib.execution.outcome import Status

LONGEST_LINE = 500
"""Characters kept of an error line."""

SHORTEST_SECRET = 8
"""Shorter values are not masked: `1` or `true` would blank out half a message."""

_TERMINAL_CODE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL", re.IGNORECASE)
_PASSWORD_IN_URL = re.compile(r"(?<=://)([^\s/:@]*):([^\s/@]+)(?=@)")


@dataclass(frozen=True)
class Ending:
    """How the engine saw a run end.

    Attributes:
        status: See `veritrain_lib.execution.outcome.Status`.
        kind: Exception type, or `KernelDied`, `CellTimedOut`, `Interrupted`; empty when finished.
        message: What happened, in words; may span lines.
        failed_cell: Index of the cell that was running, None when none was.
    """

    status: Status
    kind: str = ""
    message: str = ""
    failed_cell: int | None = None

    def line(self, environment: Mapping[str, str] | None = None) -> str | None:
        """The ending as one safe line; None when the run finished.

        Args:
            environment: What the kernel got on top of this process's environment.
        """
        if self.status == "finished":
            return None
        return one_line(self.kind, self.message, environment)


def one_line(kind: str, message: str, environment: Mapping[str, str] | None = None) -> str:
    """`kind: message` on one line, at most `LONGEST_LINE` characters, secrets masked.

    Masked are the values of environment variables whose name says that they are
    secret (KEY, TOKEN, SECRET, PASSWORD, CREDENTIAL) and passwords in URLs.

    >>> one_line("ValueError", "first line\\n  second line")
    'ValueError: first line second line'
    >>> one_line("OperationalError", "postgresql://me:hunter22@db/veritrain is down")
    'OperationalError: postgresql://me:***@db/veritrain is down'
    """
    text = f"{kind}: {message}" if message.strip() else kind
    text = " ".join(_TERMINAL_CODE.sub("", text).split())
    text = _PASSWORD_IN_URL.sub(r"\1:***", text)
    for name, value in {**os.environ, **(environment or {})}.items():
        if len(value) >= SHORTEST_SECRET and _SECRET_NAME.search(name):
            text = text.replace(value, f"<{name}>")
    if len(text) > LONGEST_LINE:
        text = text[: LONGEST_LINE - 1] + "…"
    return text
