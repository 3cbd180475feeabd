"""Gate check for fields that every row needs: present and not empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.quality.context import Context


def check(rows: pd.DataFrame, context: Context, *, fields: list[str] | None = None) -> pd.Series[str]:
    """Flag rows in which a required field is null, empty or only spaces.

    Reason: `required_fields:missing=<names>`; all missing fields are named, separated by commas.

    Args:
        rows: Rows to check.
        context: Task and reference data.
        fields: Required columns; by default every input field of the task. A field with answers belongs in a rule of
            its own with `needs_label` true.

    Returns:
        One reason a row, aligned to `rows.index`; "" for a row that passes.

    Raises:
        UserError: The rows have no column for a field.
    """
    import pandas as pd

    required = list(context.task.inputs) if fields is None else fields
    unknown = [name for name in required if name not in rows.columns]
    if unknown:
        raise UserError(
            f"required_fields: the rows have no column {', '.join(unknown)}; they have {', '.join(rows.columns)}"
        )
    missing: dict[int, list[str]] = {}
    for name in required:
        nulls = rows[name].isna().to_numpy()
        for number, value in enumerate(rows[name].tolist()):
            if nulls[number] or (not value.strip() if isinstance(value, str) else not str(value).strip()):
                missing.setdefault(number, []).append(name)
    reasons = [""] * len(rows)
    for number, names in missing.items():
        reasons[number] = f"required_fields:missing={','.join(names)}"
    return pd.Series(reasons, index=rows.index, dtype=object)
