"""Reader that turns an uploaded file into a table of texts, within size limits.

Files are read as everywhere else (`veritrain_lib/reading`). A file's name is only displayed; no path is made from it.
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
"""Maximum size of an uploaded table: columns, rows, cells, and bytes after unpacking."""

MAX_LISTED_ROWS = 20
"""Maximum number of wrong rows that a response lists; further ones are only counted."""


@dataclass(frozen=True)
class UploadedTable:
    """Rows of an uploaded file, in which all values are texts.

    Attributes:
        title: File name without its suffix, safe to display.
        file: File name, safe to display.
        columns: Names of the columns.
        records: Each row's texts by column.
        notes: Remarks for the user on how the file was read.
    """

    title: str
    file: str
    columns: list[str]
    records: list[dict[str, str]]
    notes: list[str] = field(default_factory=list)


def read_upload(name: str, content: bytes) -> UploadedTable:
    """Read an uploaded file as a table of texts.

    Args:
        name: Name of the file.
        content: Bytes of the file.

    Raises:
        HTTPException: 415, the format is not supported, whatever the file's name says.
        WrongField: The whole file is wrong: it has no rows, or exceeds `UPLOAD_LIMITS`.
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
    """Return an uploaded file's name without folders and control characters, at most 120 characters long."""
    base_name = re.split(r"[\\/]", name)[-1]
    clean = re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff<>]", "", base_name).strip().lstrip(".")
    return clean[-120:] or "upload"


def raise_row_errors(errors: list[FieldError]) -> None:
    """Raise WrongFields if there are errors of rows; the first `MAX_LISTED_ROWS` (20) are listed."""
    if errors:
        rest = f"; and {len(errors) - 5} more" if len(errors) > 5 else ""
        messages = "; ".join(error.message for error in errors[:5])
        raise WrongFields(f"{len(errors)} row(s) are wrong: {messages}{rest}", errors[:MAX_LISTED_ROWS])
