"""The door to every file of rows: which format it has, and its table."""

from __future__ import annotations

from pathlib import Path

from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.reading.delimited import read_delimited
from veritrain_lib.reading.excel import read_excel
from veritrain_lib.reading.fault import FileFault
from veritrain_lib.reading.json_rows import read_json
from veritrain_lib.reading.parquet import read_parquet
from veritrain_lib.reading.table import Limits, Table
from veritrain_lib.reading.text import decode

FORMATS = {
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "json", ".ndjson": "json", ".json": "json",
    ".xlsx": "excel", ".parquet": "parquet",
}  # fmt: skip
"""Suffixes of files that are read, and what each promises."""

ALLOWED = ", ".join(FORMATS)

SIGNATURES = {
    b"PK\x03\x04": "a zip archive (or .xlsx, .docx)", b"PK\x05\x06": "a zip archive", b"PK\x07\x08": "a zip archive",
    b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zstd",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive", b"Rar!": "a rar archive", b"%PDF": "a PDF", b"PAR1": "Parquet",
    b"\xd0\xcf\x11\xe0": "an old Office file", b"\x89PNG": "a picture", b"\x7fELF": "a program", b"MZ\x90": "a program",
}  # fmt: skip
"""How files begin that are no text."""

LARGEST = 8_000_000_000
"""Bytes of a file."""


def read_file(
    path: Path, limits: Limits | None = None, *, header: bool = True, skip_broken: bool = False
) -> Table:
    """The table in a file.

    Without `header` the first row of a delimited file or a sheet is a row, and columns are called column_1, ...
    With `skip_broken` broken rows are left out (`Table.skipped`) instead of refused.

    Raises FileFault (exit code 2) for a suffix that is not read, another content than the suffix promises, and whatever
    is wrong with the file or its rows; Infrastructure for a file that the machine can't read.
    """
    try:
        if not path.is_file():
            raise FileFault(f"{path} is no file; name one of {ALLOWED}", kind="format")
        if path.stat().st_size > LARGEST:
            raise FileFault(f"{path.name} is larger than {LARGEST // 1_000_000_000} GB; split it")
        _known(path.name)
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
) -> Table:
    """As `read_file`, for content at hand under the file's name."""
    limits = limits or Limits()
    kind = _known(name)
    found = next((told for mark, told in SIGNATURES.items() if content.startswith(mark)), "")
    if kind == "excel" and content:
        if not found.startswith("a zip archive"):
            raise FileFault(f"{name} is no .xlsx workbook, whatever its name{_is(found)}", kind="format")
        return read_excel(name, content, limits, header=header, skip_broken=skip_broken)
    if kind == "parquet" and content:
        if found != "Parquet":
            raise FileFault(f"{name} is no Parquet file, whatever its name{_is(found)}", kind="format")
        return read_parquet(name, content, limits)
    if found:
        raise FileFault(
            f"{name} is {found}, whatever its name; name it as what it is ({ALLOWED}), or save plain CSV or JSON in UTF-8",
            kind="format",
        )
    text, notes = decode(name, content)
    if kind == "json":
        table = read_json(name, text, limits, skip_broken=skip_broken)
    else:
        table = read_delimited(name, text, limits, tabs=kind == "tsv", header=header, skip_broken=skip_broken)
    table.notes[:0] = notes
    return table


def _known(name: str) -> str:
    suffix = Path(name).suffix.lower()
    if suffix not in FORMATS:
        raise FileFault(
            f"{name}: {suffix or 'no suffix'} can't be read; allowed: {ALLOWED} (UTF-8)", kind="format"
        )
    return FORMATS[suffix]


def _is(found: str) -> str:
    return f": it is {found}" if found else ""
