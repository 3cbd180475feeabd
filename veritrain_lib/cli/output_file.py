"""Files that commands write for people, such as `veritrain predict --out`: replaced in one step, never left half written."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from veritrain_lib.core.errors import UserError


def replace_file(file: Path, write: Callable[[Path], object]) -> None:
    """Write a file in one step, so that a crash never leaves half of it; a file that exists is replaced.

    Args:
        file: The file.
        write: Function that writes the content to a path.

    Raises:
        UserError: The file can't be written.
    """
    partial = file.with_name(f"{file.name}.part")
    try:
        write(partial)
        partial.replace(file)
    except OSError as error:
        raise UserError(f"{file} can't be written: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


def write_json_lines(file: Path, records: Iterable[Mapping[Any, Any]]) -> None:
    """Write records to a file as JSON Lines in UTF-8, one record a line."""
    with file.open("w", encoding="utf-8", newline="\n") as lines:
        lines.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
