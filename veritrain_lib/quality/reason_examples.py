"""Example rows for each of the gate's reasons, for pages and tables of a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.quality.verdict import SEPARATOR

if TYPE_CHECKING:
    import pandas as pd

EXAMPLES = 5
"""Default number of rows shown for each kind of reason."""

OMITTED_COLUMNS = ("id", "source", "provenance", "reasons")
PERSONAL_DATA = "personal_data:"
HIDDEN_TEXT = "(hidden: personal data)"


def kinds(reasons: str) -> list[str]:
    """Return the kinds of reasons for which the gate rejected a row, such as `near_duplicate:of`.

    Args:
        reasons: Reasons of the row, joined by `; `.

    Returns:
        Each kind once: a reason without the detail after `=`.
    """
    return list(dict.fromkeys(reason.partition("=")[0] for reason in reasons.split(SEPARATOR)))


def examples(rows: pd.DataFrame, each: int = EXAMPLES) -> pd.DataFrame:
    """Return the first rows for every kind of the gate's reasons, the most frequent kind first.

    Args:
        rows: Rows with a column `reasons`.
        each: Largest number of rows for each kind.

    Returns:
        Table with the columns `reason` (the kind), `rows` (the number of rows that have it), the row's fields, and
        `reasons` (all of the row). The text of a row with personal data is hidden.
    """
    import pandas as pd

    by_kind: dict[str, list[int]] = {}
    for position, reasons in enumerate(rows["reasons"].astype(str)):
        for kind in kinds(reasons):
            by_kind.setdefault(kind, []).append(position)
    fields_shown = [str(name) for name in rows.columns if name not in OMITTED_COLUMNS]
    lines = []
    for kind, positions in sorted(by_kind.items(), key=lambda item: (-len(item[1]), item[0])):
        for row in rows.iloc[positions[:each]].to_dict("records"):
            hidden = PERSONAL_DATA in str(row["reasons"])
            fields = {name: HIDDEN_TEXT if hidden else _shown(row[name]) for name in fields_shown}
            lines.append({"reason": kind, "rows": len(positions), **fields, "reasons": str(row["reasons"])})
    return pd.DataFrame(lines, columns=["reason", "rows", *fields_shown, "reasons"])


def _shown(value: object) -> str:
    return "" if value is None or value != value else str(value)
