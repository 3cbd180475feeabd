"""Gate check for fields whose values have the wrong type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.quality.context import Context

Type = Literal["text", "whole_number", "number", "boolean", "date", "json"]


def check(rows: pd.DataFrame, context: Context, *, types: dict[str, Type] | None = None) -> pd.Series[str]:
    """Flag rows with a field whose value has another type than the rule states for it.

    Reason: `field_types:<field>=not_<type>`, for the first such field.

    Files hold only text, so a text has a type if it can be parsed as that type: `whole_number` (12, -3), `number` (also
    0.5, 1e-3; not nan or inf), `boolean` (true, false), `date` (ISO 8601: 2026-01-31, with or without a time), `json`.
    Any text has the type `text`. Empty values and nulls pass; the check `required_fields` flags them.

    Args:
        rows: Rows to check.
        context: Task and reference data.
        types: Type of each column; by default every input field must hold text.

    Returns:
        One reason a row, aligned to `rows.index`; "" for a row that passes.

    Raises:
        UserError: The rows have no column for a field.
    """
    import pandas as pd

    expected: dict[str, Type] = dict.fromkeys(context.task.inputs, "text") if types is None else types
    missing = [name for name in expected if name not in rows.columns]
    if missing:
        raise UserError(
            f"field_types: the rows have no column {', '.join(missing)}; they have {', '.join(rows.columns)}"
        )
    reasons = [""] * len(rows)
    for name, kind in expected.items():
        if kind == "text" and isinstance(rows[name].dtype, pd.StringDtype):
            continue
        # Each different value is tested once: columns of numbers and dates repeat their values.
        fits_by_value: dict[tuple[type, object], bool] = {}
        for number, (value, null) in enumerate(zip(rows[name].tolist(), rows[name].isna(), strict=True)):
            if null or reasons[number] or (isinstance(value, str) and not value.strip()):
                continue
            key = (type(value), value if isinstance(value, str | int | float | bool) else repr(value))
            if key not in fits_by_value:
                fits_by_value[key] = fits(value, kind)
            if not fits_by_value[key]:
                reasons[number] = f"field_types:{name}=not_{kind}"
    return pd.Series(reasons, index=rows.index, dtype=object)


def fits(value: object, kind: Type) -> bool:
    """Return whether a field's value has a declared type, or is a text that can be read as that type.

    Args:
        value: The value.
        kind: The type, such as `whole_number`.
    """
    import math
    from json import loads

    if kind == "text":
        return isinstance(value, str)
    text = str(value).strip()
    try:
        if kind == "whole_number":
            return (
                not isinstance(value, bool) and text.isascii() and int(text) == int(text) and "_" not in text
            )
        if kind == "number":
            return not isinstance(value, bool) and "_" not in text and math.isfinite(float(text))
        if kind == "boolean":
            return text.lower() in ("true", "false")
        if kind == "date":
            return _is_date(text)
        loads(text)
    except ValueError:
        return False
    return True


def _is_date(text: str) -> bool:
    from datetime import datetime

    # Python also reads 20260131 and week dates, which a person would not call a date.
    return text[4:5] == "-" and "W" not in text and bool(datetime.fromisoformat(text))
