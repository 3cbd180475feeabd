"""Errors of files that can't be read: what is wrong with the file, or with which of its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from veritrain_lib.core.errors import UserError

SHOWN = 5
"""Wrong rows that a message names; the others are counted."""


@dataclass(frozen=True)
class RowFault:
    """What is wrong with one row: `row` from 1 (a header is none), `line` of the file from 1 (0: not known)."""

    row: int
    message: str
    line: int = 0

    def __str__(self) -> str:
        line = f" (line {self.line})" if self.line and self.line != self.row else ""
        return f"row {self.row}{line}: {self.message}"


class FileFault(UserError):
    """A file that can't be read (exit code 2).

    `kind` is `format` for a file that is no table of a kind that is read, `content` for one whose content is wrong.
    `faults` are the wrong rows, all of them; empty when the file as a whole is wrong.
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


def refuse_rows(name: str, faults: Sequence[RowFault], remedy: str = "") -> None:
    """Raise FileFault when there are faults: the first `SHOWN` by row, the others counted, then the remedy."""
    if not faults:
        return
    shown = "; ".join(str(fault) for fault in faults[:SHOWN])
    more = f"; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
    told = f"{name} {shown}" if len(faults) == 1 else f"{name}: {len(faults)} rows are wrong: {shown}{more}"
    raise FileFault(f"{told}. {remedy}" if remedy else told, faults)
