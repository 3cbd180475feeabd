"""An uploaded file as a table of texts: read as every file of rows is (`reading`), within the bounds of an upload.

The file's name is a name: no path is made of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from starlette.exceptions import HTTPException

from veritrain_lib.reading.fault import FileFault
from veritrain_lib.reading.files import read_bytes
from veritrain_lib.reading.table import Limits
from veritrain_lib.server.api.problems import FieldError, WrongField, WrongFields

LIMITS = Limits(columns=200, rows=500_000, cells=20_000_000, unpacked=500_000_000)
"""Bounds of an uploaded table."""

SHOWN = 20
"""Wrong rows that an answer lists; the others are counted."""


@dataclass(frozen=True)
class Table:
    """Rows of texts under `columns`; `title` is the file's name without its suffix, fit to be shown. `notes` are what
    was found in the file and is worth saying."""

    title: str
    file: str
    columns: list[str]
    records: list[dict[str, str]]
    notes: list[str] = field(default_factory=list)


def read_upload(name: str, content: bytes) -> Table:
    """The table in a file.

    Raises HTTPException 415 for another kind of file, whatever its name says; WrongField for a file that is wrong as a
    whole, such as more rows or columns than `LIMITS`; WrongFields for wrong rows, by number.
    """
    shown = shown_name(name)
    try:
        table = read_bytes(shown, content, LIMITS)
    except FileFault as error:
        if error.kind == "format":
            raise HTTPException(415, str(error)) from error
        if error.faults:
            wrong = [
                FieldError(field=f"file.rows.{one.row}", message=str(one)) for one in error.faults[:SHOWN]
            ]
            raise WrongFields(str(error), wrong) from error
        raise WrongField("file", str(error)) from error
    if not table.rows:
        raise WrongField("file", f"{shown} holds no rows")
    return Table(shown.rpartition(".")[0] or shown, shown, table.columns, table.records, table.notes)


def shown_name(name: str) -> str:
    """The last part of a file's name, without what no page can show, at most 120 characters."""
    last = re.split(r"[\\/]", name)[-1]
    clean = re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff<>]", "", last).strip().lstrip(".")
    return clean[-120:] or "upload"


def refuse(wrong: list[FieldError]) -> None:
    """Raise WrongFields when anything is wrong: the first `SHOWN` by name, the others counted."""
    if wrong:
        more = f"; and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        said = "; ".join(one.message for one in wrong[:5])
        raise WrongFields(f"{len(wrong)} row(s) are wrong: {said}{more}", wrong[:SHOWN])
