"""Reader of uploaded files: a table of texts, within the limits of an upload.

Files are read like every file of rows (`reading`). The name of a file is only a name: no path is made from it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from starlette.exceptions import HTTPException

from veritrain_lib.reading.fault import FileFault
from veritrain_lib.reading.files import read_bytes
from veritrain_lib.reading.table import Limits
from veritrain_lib.server.http.problems import FieldError, WrongField, WrongFields

UPLOAD_LIMITS = Limits(columns=200, rows=500_000, cells=20_000_000, unpacked=500_000_000)
"""Limits of an uploaded table."""

MAX_LISTED_ROWS = 20
"""Wrong rows that a response lists; the others are counted."""


@dataclass(frozen=True)
class UploadedTable:
    """Rows of texts.

    Attributes:
        title: File name without its suffix, safe to display.
        file: File name, safe to display.
        columns: Names of the columns.
        records: Texts of each row by column.
        notes: Remarks on the file for the user.
    """

    title: str
    file: str
    columns: list[str]
    records: list[dict[str, str]]
    notes: list[str] = field(default_factory=list)


def read_upload(name: str, content: bytes) -> UploadedTable:
    """Return the table in a file.

    Raises:
        HTTPException: 415 for an unsupported format, whatever the file's name says.
        WrongField: The file is wrong as a whole, such as more rows or columns than `UPLOAD_LIMITS`.
        WrongFields: Some rows are wrong; they are named by number.
    """
    file_name = display_name(name)
    try:
        table = read_bytes(file_name, content, UPLOAD_LIMITS)
    except FileFault as error:
        if error.kind == "format":
            raise HTTPException(415, str(error)) from error
        if error.faults:
            errors = [
                FieldError(field=f"file.rows.{fault.row}", message=str(fault))
                for fault in error.faults[:MAX_LISTED_ROWS]
            ]
            raise WrongFields(str(error), errors) from error
        raise WrongField("file", str(error)) from error
    if not table.rows:
        raise WrongField("file", f"{file_name} has no rows")
    return UploadedTable(
        file_name.rpartition(".")[0] or file_name, file_name, table.columns, table.records, table.notes
    )


def display_name(name: str) -> str:
    """Return the last part of a file's name without characters that can't be displayed; at most 120 characters."""
    base_name = re.split(r"[\\/]", name)[-1]
    clean = re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff<>]", "", base_name).strip().lstrip(".")
    return clean[-120:] or "upload"


def raise_row_errors(errors: list[FieldError]) -> None:
    """Raise WrongFields if there are errors; the first `MAX_LISTED_ROWS` are listed, the others counted."""
    if errors:
        rest = f"; and {len(errors) - 5} more" if len(errors) > 5 else ""
        messages = "; ".join(error.message for error in errors[:5])
        raise WrongFields(f"{len(errors)} row(s) are wrong: {messages}{rest}", errors[:MAX_LISTED_ROWS])
