"""CSV files that people fill in with a spreadsheet program: writing them, and reading them back unchanged.

A byte order mark tells Excel that the file is UTF-8. Ids get the prefix `row-`, because a spreadsheet program reads
`1234e567` as a number and stores another text. A text that begins like a formula gets an apostrophe, so that it is not
executed (OWASP, "CSV Injection"). Reading removes prefix and apostrophe again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

ID_PREFIX = "row-"

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


def escape_formula(text: str) -> str:
    """Return a text with an apostrophe put before it if a spreadsheet program would read it as a formula.

    Other texts are returned unchanged; `unescape_formula` reverses it.
    """
    return f"'{text}" if _FORMULA.match(text) else text


def unescape_formula(text: str) -> str:
    """Return a text without the apostrophe that `escape_formula` put before it; other texts stay as they are."""
    return text[1:] if _GUARDED.match(text) else text


def write_spreadsheet(table: pd.DataFrame, file: Path, ids: Sequence[str] = ("id",)) -> None:
    """Write a table of texts as CSV for a spreadsheet program, with escaped formulas and prefixed ids.

    A crash leaves no incomplete file under the final name.

    Args:
        table: The table.
        file: The file to write.
        ids: Columns of ids, which get the prefix `row-`; default `id`.
    """
    escaped = table.copy()
    for column in escaped.columns:
        texts = escaped[column].astype(str)
        escaped[column] = (
            [ID_PREFIX + text for text in texts]
            if column in ids
            else [escape_formula(text) for text in texts]
        )
    partial = file.with_suffix(".part")
    escaped.to_csv(partial, index=False, encoding="utf-8-sig", lineterminator="\n")
    partial.replace(file)


def unescape_table(table: pd.DataFrame, ids: Sequence[str] = ("id",)) -> pd.DataFrame:
    """Return a table that `write_spreadsheet` wrote and people filled in, without the escapes and the prefixes of ids.

    Args:
        table: The table as it was read from the file.
        ids: Columns of ids; ids without the prefix stay as they are.
    """
    result = table.copy()
    for column in result.columns:
        texts = result[column].astype(str)
        result[column] = [
            text.strip().removeprefix(ID_PREFIX) if column in ids else unescape_formula(text)
            for text in texts
        ]
    return result
