"""Detection of rows without any text to answer: only nulls, missing keys or blanks.

Such rows are not sent to a model, because its guess would look like a real answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from veritrain_lib.models.served import NO_INPUT, has_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NO_INPUT", "answerable", "has_text"]


def answerable(rows: pd.DataFrame, columns: Sequence[str]) -> list[bool]:
    """Return for each row whether at least one of the given columns contains a visible character.

    Args:
        rows: The rows.
        columns: Names of the columns that a model reads.
    """
    values = rows[list(columns)].astype(object).where(rows[list(columns)].notna(), "")
    return [any(has_text(str(value)) for value in row) for row in values.itertuples(index=False, name=None)]
