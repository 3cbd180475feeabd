"""The reason why a run stopped, as the engine knows it, and as one line for people.

The line goes into logs, MLflow tags and web pages, so it is made safe here:
one line, bounded, without terminal colours, and without values that the
environment marks as secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from veritrain_lib.execution.outcome import RunStatus
from veritrain_lib.redaction import redactor

MAX_LINE_CHARACTERS = 500
"""Characters kept of an error line."""

_TERMINAL_CODE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True)
class ExitReason:
    """How the engine saw a run end.

    Attributes:
        status: See `veritrain_lib.execution.outcome.RunStatus`.
        kind: Exception type, or `KernelDied`, `CellTimedOut`, `Interrupted`; empty when finished.
        message: What happened, for people; may span lines.
        failed_cell: Index of the cell that was running, None when none was.
    """

    status: RunStatus
    kind: str = ""
    message: str = ""
    failed_cell: int | None = None

    def line(self, environment: Mapping[str, str] | None = None) -> str | None:
        """Return the exit reason as one safe line; None when the run finished.

        Args:
            environment: What the kernel got on top of this process's environment.
        """
        if self.status == "finished":
            return None
        return one_line(self.kind, self.message, environment)


def one_line(kind: str, message: str, environment: Mapping[str, str] | None = None) -> str:
    r"""Return `kind: message` on one line, at most `MAX_LINE_CHARACTERS` characters, secrets masked.

    Secrets of the environment and passwords in URLs are masked (`veritrain_lib.redaction`).

    >>> one_line("ValueError", "first line\n  second line")
    'ValueError: first line second line'
    >>> one_line("OperationalError", "postgresql://me:hunter22@db/veritrain is down")
    'OperationalError: postgresql://me:***@db/veritrain is down'
    """
    text = f"{kind}: {message}" if message.strip() else kind
    # Before line breaks are removed, so that a key of several lines is found.
    text = redactor(environment)(_TERMINAL_CODE.sub("", text))
    text = " ".join(text.split())
    if len(text) > MAX_LINE_CHARACTERS:
        text = text[: MAX_LINE_CHARACTERS - 1] + "…"
    return text
