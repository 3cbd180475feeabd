"""Why a run stopped, as the engine knows it, and the one line that says so.

The line travels into logs, MLflow tags and web pages, so it is made safe here:
one line, bounded, without terminal colours, and without values that the
environment marks as secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from veritrain_lib.execution.outcome import Status
from veritrain_lib.redaction import redactor

LONGEST_LINE = 500
"""Characters kept of an error line."""

_TERMINAL_CODE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


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

    Masked are secrets of the environment and passwords in addresses (`veritrain_lib.redaction`).

    >>> one_line("ValueError", "first line\\n  second line")
    'ValueError: first line second line'
    >>> one_line("OperationalError", "postgresql://me:hunter22@db/veritrain is down")
    'OperationalError: postgresql://me:***@db/veritrain is down'
    """
    text = f"{kind}: {message}" if message.strip() else kind
    # Before the line ends are taken out: a key of several lines is found as it is.
    text = redactor(environment)(_TERMINAL_CODE.sub("", text))
    text = " ".join(text.split())
    if len(text) > LONGEST_LINE:
        text = text[: LONGEST_LINE - 1] + "…"
    return text
