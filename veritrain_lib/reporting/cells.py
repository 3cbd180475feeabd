"""A DataFrame as aligned texts: one way to write a number, on the page, in the notebook and in the PDF."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

MISSING = "–"
LONGEST = 300
"""Characters of a cell that are shown; a longer one says how many are left out."""

MOST_LINES = 8
"""Lines of a cell; a text of more is run together, so that a row never outgrows a page."""

_UNSHOWABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Grid:
    """A table ready to be set.

    Attributes:
        header: the columns' names; the index comes first unless it is a plain count without a name.
        numeric: for each column, whether its cells are numbers and belong flush right.
        rows: the cells as texts, each row as long as `header`.
        left_out: rows of the frame that are not shown.
    """

    header: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    left_out: int

    @property
    def remark(self) -> str:
        """What a reader must know about rows that he does not see, empty if he sees all."""
        if not self.left_out:
            return ""
        rows = "row" if self.left_out == 1 else "rows"
        return f"{self.left_out:,} more {rows} not shown"


def lay_out(frame: pd.DataFrame, max_rows: int = 50, *, by_row: bool = False) -> Grid:
    """The first `max_rows` rows (0 or more) of a frame as texts.

    The digits after the point are the same all through a column, so that points stand under each other.
    With `by_row` each row is a quantity of its own (a rate, then seconds) and has its own digits, so that a
    large number takes none from the others; columns of whole numbers stay whole.
    """
    import pandas as pd

    head = frame.head(max(max_rows, 0))
    columns: list[tuple[object, list[Any]]] = [
        (name, head.iloc[:, at].tolist()) for at, name in enumerate(head.columns)
    ]
    plain = isinstance(frame.index, pd.RangeIndex) and frame.index.name is None
    if not plain:
        index = head.index
        columns = [
            (index.names[at] or "", index.get_level_values(at).tolist()) for at in range(index.nlevels)
        ] + columns
    digits = _digits_of_rows(columns) if by_row else None
    written = [_column(values, digits) for _, values in columns]
    return Grid(
        header=tuple(_name(name) for name, _ in columns),
        numeric=tuple(numeric for _, numeric in written),
        rows=tuple(zip(*(texts for texts, _ in written), strict=True)),
        left_out=len(frame) - len(head),
    )


def clean(text: str) -> str:
    """The text without characters that no page can show (control characters, half pairs)."""
    return _UNSHOWABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def clipped(text: str, longest: int = LONGEST) -> str:
    """The cleaned text, cut after `longest` characters with a count of the rest; many lines become one."""
    text = clean(text)
    if text.count("\n") >= MOST_LINES:
        text = " ".join(text.split())
    if len(text) > longest:
        return f"{text[:longest]}… (+{len(text) - longest:,} characters)"
    return text


def _name(name: Any) -> str:
    return clipped(" / ".join(map(str, name)) if isinstance(name, tuple) else str(name))


def _column(values: list[Any], digits_of_rows: list[int] | None) -> tuple[list[str], bool]:
    missing = [_is_missing(value) for value in values]
    known = [value for value, gone in zip(values, missing, strict=True) if not gone]
    numeric = _all_numbers(known)
    digits = _digits([float(value) for value in known]) if numeric else 0
    each = digits_of_rows if digits_of_rows is not None and digits else [digits] * len(values)
    texts = [
        MISSING if gone else _number(value, places) if numeric else _text(value)
        for value, gone, places in zip(values, missing, each, strict=True)
    ]
    return texts, numeric


def _digits_of_rows(columns: list[tuple[object, list[Any]]]) -> list[int]:
    fractional = []
    for _, values in columns:
        known = [value for value in values if not _is_missing(value)]
        if _all_numbers(known) and _digits([float(value) for value in known]):
            fractional.append(values)
    return [
        _digits([float(value) for value in row if not _is_missing(value)])
        for row in zip(*fractional, strict=True)
    ]


def _all_numbers(known: list[Any]) -> bool:
    return bool(known) and all(isinstance(value, Real | Decimal) and not _is_bool(value) for value in known)


def _is_missing(value: Any) -> bool:
    import pandas as pd

    return bool(pd.api.types.is_scalar(value) and pd.isna(value))


def _is_bool(value: Any) -> bool:
    import pandas as pd

    return bool(pd.api.types.is_bool(value))


def _digits(numbers: list[float]) -> int:
    """Digits after the point: about three that count, none where every number is whole."""
    finite = [abs(number) for number in numbers if math.isfinite(number)]
    if all(number == int(number) for number in finite):
        return 0
    largest = max(finite)
    return 1 if largest >= 100 else 2 if largest >= 10 else 3 if largest >= 0.1 else 4


def _number(value: Any, digits: int) -> str:
    number = float(value)
    if math.isnan(number):
        return MISSING
    if math.isinf(number):
        return "∞" if number > 0 else "-∞"
    if digits == 0:
        return f"{int(value):,}"
    text = f"{number:,.{digits}f}"
    # A small p value is not nought.
    if number and float(text.replace(",", "")) == 0:
        return f"{number:.1e}"
    return text


def _text(value: Any) -> str:
    if _is_bool(value):
        return "yes" if value else "no"
    if isinstance(value, dict | list | tuple):
        value = json.dumps(value, ensure_ascii=False, default=str)
    return clipped(str(value))
