"""Reason why a notebook's run ended, as the engine knows it, and as one line for people.

The line goes into logs, MLflow tags and web pages. So it has a limited length, no line breaks, no terminal colours, and
no values that the environment marks as secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from veritrain_lib.execution.outcome import RunStatus
from veritrain_lib.redaction import redactor

MAX_LINE_CHARACTERS = 500
"""Maximum characters of an error line."""

_TERMINAL_CODE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True)
class ExitReason:
    """Reason why a notebook's run ended: status, kind of error, message and cell.

    Attributes:
        status: See `veritrain_lib.execution.outcome.RunStatus`.
        kind: Type of the exception, or `KernelDied`, `CellTimedOut`, `Interrupted`; empty when the run finished.
        message: Description for people, of one or several lines.
        failed_cell: Index of the cell that was running, from 0; None when none was.
    """

    status: RunStatus
    kind: str = ""
    message: str = ""
    failed_cell: int | None = None

    def line(self, environment: Mapping[str, str] | None = None) -> str | None:
        """Return the error that ended the notebook's run as one line without secrets; None when the run finished.

        Args:
            environment: Variables that were added to the kernel's environment, whose secrets are masked too.
        """
        if self.status == "finished":
            return None
        return one_line(self.kind, self.message, environment)


def one_line(kind: str, message: str, environment: Mapping[str, str] | None = None) -> str:
    r"""Return the text `kind: message` on one line of at most `MAX_LINE_CHARACTERS` characters, with secrets masked.

    Secrets are values of secret environment variables and passwords in URLs (`veritrain_lib.redaction`).

    >>> one_line("ValueError", "first line\n  second line")
    'ValueError: first line second line'
    >>> one_line("OperationalError", "postgresql://me:hunter22@db/veritrain is down")
    'OperationalError: postgresql://me:***@db/veritrain is down'

    Args:
        kind: Type of the error.
        message: Message of the error; may have several lines.
        environment: Variables whose secret values are masked in addition to those of this process.
    """
    text = f"{kind}: {message}" if message.strip() else kind
    # Before line breaks are removed, so that a key of several lines is found.
    text = redactor(environment)(_TERMINAL_CODE.sub("", text))
    text = " ".join(text.split())
    if len(text) > MAX_LINE_CHARACTERS:
        text = text[: MAX_LINE_CHARACTERS - 1] + "…"
    return text
