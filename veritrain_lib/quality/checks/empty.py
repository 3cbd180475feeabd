"""Gate check for rows without text: no input field holds a visible character."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from veritrain_lib.quality.text.normal_form import joined

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.quality.context import Context


def check(rows: pd.DataFrame, context: Context) -> pd.Series[str]:
    """Flag rows whose input fields have no visible character.

    Reason: `empty:no_text`. Spaces, line ends, controls and invisible format characters (zero-width space, byte order
    mark) do not count as visible (Unicode categories Z and C).

    Args:
        rows: Rows to check.
        context: Task and reference data.

    Returns:
        One reason a row, aligned to `rows.index`; "" for a row that passes.
    """
    import pandas as pd

    texts = joined(rows, list(context.task.inputs))
    return pd.Series(
        ["" if _visible(text) else "empty:no_text" for text in texts], index=rows.index, dtype=object
    )


def _visible(text: str) -> bool:
    return text[:1].isalnum() or any(unicodedata.category(character)[0] not in "ZC" for character in text)
