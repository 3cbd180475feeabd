"""Fields that every row needs: there, and with something in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.quality.context import Context


def check(rows: pd.DataFrame, context: Context, *, fields: list[str] | None = None) -> pd.Series[str]:
    """`required_fields:missing=<names>` for a row in which one of the fields is null, empty or only spaces; all
    missing ones are named, with a comma between them.

    `fields` are columns of the data; by default every input field of the task. Fields with answers belong into a
    rule with `needs_label` true.

    Raises UserError for a field that the data has no column for.
    """
    import pandas as pd

    wanted = list(context.task.inputs) if fields is None else fields
    absent = [name for name in wanted if name not in rows.columns]
    if absent:
        raise UserError(
            f"required_fields: the rows have no column {', '.join(absent)}; they have {', '.join(rows.columns)}"
        )
    missing: dict[int, list[str]] = {}
    for name in wanted:
        nulls = rows[name].isna().to_numpy()
        for number, value in enumerate(rows[name].tolist()):
            if nulls[number] or (not value.strip() if isinstance(value, str) else not str(value).strip()):
                missing.setdefault(number, []).append(name)
    reasons = [""] * len(rows)
    for number, names in missing.items():
        reasons[number] = f"required_fields:missing={','.join(names)}"
    return pd.Series(reasons, index=rows.index, dtype=object)
