"""Errors of files of rows that can't be read: `FileFault` for a file and `RowFault` for one of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from veritrain_lib.core.errors import UserError

MAX_SHOWN = 5
"""Number of invalid rows that a message names; the others are counted."""


@dataclass(frozen=True)
class RowFault:
    """Fault in one row of a file.

    Attributes:
        row: Number of the row, from 1, without the header.
        message: Description of the fault.
        line: Line of the file on which the row begins, from 1; 0 if it is unknown.
    """

    row: int
    message: str
    line: int = 0

    def __str__(self) -> str:
        line = f" (line {self.line})" if self.line and self.line != self.row else ""
        return f"row {self.row}{line}: {self.message}"


class FileFault(UserError):
    """Error: a file of rows can't be read; a command that raises it ends with exit code 2.

    Attributes:
        kind: `format` if the file has another format than it should, `content` if its content is wrong.
        faults: All invalid rows; empty if the file as a whole is wrong.
    """

    def __init__(
        self,
        message: str,
        faults: Sequence[RowFault] = (),
        *,
        kind: Literal["format", "content"] = "content",
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.faults = list(faults)


def reject_rows(name: str, faults: Sequence[RowFault], remedy: str = "") -> None:
    """Raise FileFault if any rows of a file are faulty; the message names the first five and counts the others.

    Args:
        name: Name of the file, for the message.
        faults: The faulty rows, in order.
        remedy: Sentence that tells the user what to do, at the end of the message; "" for none.

    Raises:
        FileFault: There is at least one fault.
    """
    if not faults:
        return
    shown = "; ".join(str(fault) for fault in faults[:MAX_SHOWN])
    more = f"; and {len(faults) - MAX_SHOWN} more" if len(faults) > MAX_SHOWN else ""
    message = (
        f"{name} {shown}" if len(faults) == 1 else f"{name}: {len(faults)} rows are wrong: {shown}{more}"
    )
    raise FileFault(f"{message}. {remedy}" if remedy else message, faults)
