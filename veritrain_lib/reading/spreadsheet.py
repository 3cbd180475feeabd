"""CSV files that people fill in with a spreadsheet.

Written so that it does not change them, and restored when read.

A byte order mark tells Excel that the file is UTF-8. Ids get the prefix `row-`, because a spreadsheet reads `1234e567`
as a number and stores another text. A text that begins like a formula gets an apostrophe, so that none is executed
(OWASP, "CSV Injection").
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
    """Return a text that no spreadsheet reads as a formula; `unescape_formula` reverses it."""
    return f"'{text}" if _FORMULA.match(text) else text


def unescape_formula(text: str) -> str:
    """Return the text that `escape_formula` was called with.

    A text that people typed and that needs no escape stays.
    """
    return text[1:] if _GUARDED.match(text) else text


def write_spreadsheet(table: pd.DataFrame, file: Path, ids: Sequence[str] = ("id",)) -> None:
    """Write a table of texts as CSV for a spreadsheet; a crash in between leaves no partial file."""
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
    """Return the table that `write_spreadsheet` was called with, as people filled it in.

    Ids without a prefix stay.
    """
    result = table.copy()
    for column in result.columns:
        texts = result[column].astype(str)
        result[column] = [
            text.strip().removeprefix(ID_PREFIX) if column in ids else unescape_formula(text)
            for text in texts
        ]
    return result
