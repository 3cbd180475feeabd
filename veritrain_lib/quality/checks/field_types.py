"""Fields whose values are not of the type that they should be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.quality.context import Context

Type = Literal["text", "whole_number", "number", "boolean", "date", "json"]


def check(rows: pd.DataFrame, context: Context, *, types: dict[str, Type] | None = None) -> pd.Series[str]:
    """`field_types:<field>=not_<type>` for a row whose field holds a value of another type; the first such field.

    `types` says of columns what they hold, by default that every input field holds text. Files know only text, so a
    text that reads as the type is of it: `whole_number` (12, -3), `number` (also 0.5, 1e-3; not nan or inf),
    `boolean` (true, false), `date` (ISO 8601: 2026-01-31, with or without a time), `json`. `text` is a value that is
    text. Empty values and nulls are left to `required_fields`.

    Raises UserError for a field that the data has no column for.
    """
    import pandas as pd

    wanted: dict[str, Type] = dict.fromkeys(context.task.inputs, "text") if types is None else types
    absent = [name for name in wanted if name not in rows.columns]
    if absent:
        raise UserError(
            f"field_types: the rows have no column {', '.join(absent)}; they have {', '.join(rows.columns)}"
        )
    reasons = [""] * len(rows)
    for name, kind in wanted.items():
        if kind == "text" and isinstance(rows[name].dtype, pd.StringDtype):
            continue
        # Each different value is looked at once: columns of numbers and dates repeat theirs.
        known: dict[tuple[type, object], bool] = {}
        for number, (value, null) in enumerate(zip(rows[name].tolist(), rows[name].isna(), strict=True)):
            if null or reasons[number] or (isinstance(value, str) and not value.strip()):
                continue
            key = (type(value), value if isinstance(value, str | int | float | bool) else repr(value))
            if key not in known:
                known[key] = fits(value, kind)
            if not known[key]:
                reasons[number] = f"field_types:{name}=not_{kind}"
    return pd.Series(reasons, index=rows.index, dtype=object)


def fits(value: object, kind: Type) -> bool:
    """Whether a value is of a type, or is text that reads as it."""
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
