"""Errors of files that can't be read: what is wrong with the file, or with which of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from veritrain_lib.core.errors import UserError

MAX_SHOWN = 5
"""Invalid rows that a message names; the others are counted."""


@dataclass(frozen=True)
class RowFault:
    """A fault of one row: `row` from 1 (without the header), `line` of the file from 1 (0: unknown)."""

    row: int
    message: str
    line: int = 0

    def __str__(self) -> str:
        line = f" (line {self.line})" if self.line and self.line != self.row else ""
        return f"row {self.row}{line}: {self.message}"


class FileFault(UserError):
    """A file that can't be read (exit code 2).

    Attributes:
        kind: `format` for a file of another format, `content` for one with wrong content.
        faults: All invalid rows; empty when the file in general is wrong.
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
    """Raise FileFault if there are faults.

    The first `MAX_SHOWN` by row, the number of others, then the remedy.
    """
    if not faults:
        return
    shown = "; ".join(str(fault) for fault in faults[:MAX_SHOWN])
    more = f"; and {len(faults) - MAX_SHOWN} more" if len(faults) > MAX_SHOWN else ""
    message = (
        f"{name} {shown}" if len(faults) == 1 else f"{name}: {len(faults)} rows are wrong: {shown}{more}"
    )
    raise FileFault(f"{message}. {remedy}" if remedy else message, faults)
