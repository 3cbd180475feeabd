"""Entry point for reading files of rows: detects the format and returns the table."""

from __future__ import annotations

from pathlib import Path

from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.reading.delimited import read_delimited
from veritrain_lib.reading.excel import read_excel
from veritrain_lib.reading.fault import FileFault
from veritrain_lib.reading.json_rows import read_json
from veritrain_lib.reading.parquet import read_parquet
from veritrain_lib.reading.table import Limits, TextTable
from veritrain_lib.reading.text import decode

FORMATS = {
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "json", ".ndjson": "json", ".json": "json",
    ".xlsx": "excel", ".parquet": "parquet",
}  # fmt: skip
"""Formats of the supported files by suffix."""

ALLOWED = ", ".join(FORMATS)

SIGNATURES = {
    b"PK\x03\x04": "a zip archive (or .xlsx, .docx)", b"PK\x05\x06": "a zip archive", b"PK\x07\x08": "a zip archive",
    b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zstd",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive", b"Rar!": "a rar archive", b"%PDF": "a PDF", b"PAR1": "Parquet",
    b"\xd0\xcf\x11\xe0": "an old Office file", b"\x89PNG": "a picture", b"\x7fELF": "a program", b"MZ\x90": "a program",
}  # fmt: skip
"""Descriptions of file formats that are not text, by the first bytes of such files."""

MAX_FILE_BYTES = 8_000_000_000
"""Maximum size of a file in bytes (8 GB)."""


def read_file(
    path: Path, limits: Limits | None = None, *, header: bool = True, skip_broken: bool = False
) -> TextTable:
    """Read the table in a file of rows: CSV, TSV, Excel, JSON, JSON Lines or Parquet.

    Args:
        path: The file.
        limits: Maximum size of the table; None: the defaults of `Limits`.
        header: Whether the first row of a delimited file or a sheet is a header; else columns are called column_1, ...
        skip_broken: Whether invalid rows are left out and listed in `TextTable.skipped`, instead of raising an error.

    Raises:
        FileFault: There is no such file, it may not be read, its suffix is not supported, the content does not match
            the suffix, or the file or its rows are invalid (exit code 2).
        Infrastructure: The operating system can't read the file.
    """
    try:
        if not path.is_file():
            raise FileFault(f"{path} is not a file; name one of {ALLOWED}", kind="format")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise FileFault(f"{path.name} is larger than {MAX_FILE_BYTES // 1_000_000_000} GB; split it")
        _format_of(path.name)
        content = path.read_bytes()
    except PermissionError as error:
        raise FileFault(f"{path} can't be read: {error.strerror}; allow it: chmod u+r {path}") from error
    except OSError as error:
        raise Infrastructure(f"{path} can't be read: {error.strerror}") from error
    return read_bytes(path.name, content, limits, header=header, skip_broken=skip_broken)


def read_bytes(
    name: str,
    content: bytes,
    limits: Limits | None = None,
    *,
    header: bool = True,
    skip_broken: bool = False,
) -> TextTable:
    """Read the table in the bytes of a file of rows, whose format its name's suffix states.

    Args:
        name: Name of the file with its suffix.
        content: The bytes.
        limits: Maximum size of the table; None: the defaults of `Limits`.
        header: Whether the first row of a delimited file or a sheet is a header; else columns are called column_1, ...
        skip_broken: Whether invalid rows are left out and listed in `TextTable.skipped`, instead of raising an error.

    Raises:
        FileFault: The suffix is not supported, the content does not match it, or the content or its rows are invalid.
    """
    limits = limits or Limits()
    kind = _format_of(name)
    signature = next(
        (description for prefix, description in SIGNATURES.items() if content.startswith(prefix)), ""
    )
    if kind == "excel" and content:
        if not signature.startswith("a zip archive"):
            raise FileFault(
                f"{name} is not an .xlsx workbook, despite its name{_actual_format(signature)}", kind="format"
            )
        return read_excel(name, content, limits, header=header, skip_broken=skip_broken)
    if kind == "parquet" and content:
        if signature != "Parquet":
            raise FileFault(
                f"{name} is not a Parquet file, despite its name{_actual_format(signature)}", kind="format"
            )
        return read_parquet(name, content, limits)
    if signature:
        raise FileFault(
            f"{name} is {signature}, despite its name; give it the suffix of its format ({ALLOWED}), or save plain CSV or JSON in UTF-8",
            kind="format",
        )
    text, notes = decode(name, content)
    if kind == "json":
        table = read_json(name, text, limits, skip_broken=skip_broken)
    else:
        table = read_delimited(name, text, limits, tabs=kind == "tsv", header=header, skip_broken=skip_broken)
    table.notes[:0] = notes
    return table


def _format_of(name: str) -> str:
    suffix = Path(name).suffix.lower()
    if suffix not in FORMATS:
        raise FileFault(
            f"{name}: {suffix or 'no suffix'} can't be read; allowed: {ALLOWED} (UTF-8)", kind="format"
        )
    return FORMATS[suffix]


def _actual_format(description: str) -> str:
    return f": it is {description}" if description else ""
