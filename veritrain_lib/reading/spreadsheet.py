"""Files that people fill in with a spreadsheet: written so that one opens them unharmed, and restored when read.

A byte order mark tells Excel that the file is UTF-8. Ids get the prefix `row-`, because a spreadsheet takes `1234e567`
for a number and stores another text. A text that begins like a formula gets an apostrophe, so that none is run
(OWASP, "CSV Injection").
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

PREFIX = "row-"

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")


def guarded(text: str) -> str:
    """A text that no spreadsheet takes for a formula. `restored` gives the text back, whatever it is."""
    return f"'{text}" if _FORMULA.match(text) else text


def restored(text: str) -> str:
    """The text that `guarded` was given. A text that people typed and that needs no guard stays."""
    return text[1:] if _GUARDED.match(text) else text


def write_for_people(table: pd.DataFrame, file: Path, ids: Sequence[str] = ("id",)) -> None:
    """Write a table of texts as CSV for a spreadsheet, safely against a crash in the middle."""
    safe = table.copy()
    for column in safe.columns:
        texts = safe[column].astype(str)
        safe[column] = (
            [PREFIX + text for text in texts] if column in ids else [guarded(text) for text in texts]
        )
    part = file.with_suffix(".part")
    safe.to_csv(part, index=False, encoding="utf-8-sig", lineterminator="\n")
    part.replace(file)


def restore(table: pd.DataFrame, ids: Sequence[str] = ("id",)) -> pd.DataFrame:
    """The table that `write_for_people` was given, with what people filled in. Ids without a prefix stay."""
    whole = table.copy()
    for column in whole.columns:
        texts = whole[column].astype(str)
        whole[column] = [
            text.strip().removeprefix(PREFIX) if column in ids else restored(text) for text in texts
        ]
    return whole
