"""A few rows for each kind of reason: what a rule means is seen soonest on what it took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.quality.verdict import SEPARATOR

if TYPE_CHECKING:
    import pandas as pd

EXAMPLES = 5
"""Rows shown for each kind of reason, unless another number is asked for."""

HIDDEN = ("id", "source", "provenance", "reasons")
SECRET = "personal_data:"
CONCEALED = "(hidden: personal data)"


def kinds(reasons: str) -> list[str]:
    """The kinds among a row's reasons, each once: a reason without its detail, such as the id of an original."""
    return list(dict.fromkeys(reason.partition("=")[0] for reason in reasons.split(SEPARATOR)))


def examples(rows: pd.DataFrame, each: int = EXAMPLES) -> pd.DataFrame:
    """The first `each` rows of every kind of reason, the most frequent kind first.

    `rows` has `reasons`. Columns: `reason` (the kind), `rows` (how many have it), the row's own fields, `reasons` (all of
    the row). What a row with personal data says is hidden.
    """
    import pandas as pd

    found: dict[str, list[int]] = {}
    for place, reasons in enumerate(rows["reasons"].astype(str)):
        for kind in kinds(reasons):
            found.setdefault(kind, []).append(place)
    own = [str(name) for name in rows.columns if name not in HIDDEN]
    lines = []
    for kind, places in sorted(found.items(), key=lambda item: (-len(item[1]), item[0])):
        for row in rows.iloc[places[:each]].to_dict("records"):
            hide = SECRET in str(row["reasons"])
            fields = {name: CONCEALED if hide else _shown(row[name]) for name in own}
            lines.append({"reason": kind, "rows": len(places), **fields, "reasons": str(row["reasons"])})
    return pd.DataFrame(lines, columns=["reason", "rows", *own, "reasons"])


def _shown(value: object) -> str:
    return "" if value is None or value != value else str(value)
