"""Formatting of tables as grids of strings, with the same number format in HTML, notebooks, PDF and Word files."""

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
MAX_CHARACTERS = 300
"""Maximum number of characters of a cell that are shown; a longer cell ends with the number of omitted characters."""

MAX_LINES = 8
"""Number of line breaks from which a cell's text is put on a single line, so that a table row never exceeds a page."""

_UNSHOWABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Grid:
    """Table of a report with all cells formatted as strings, ready to be written in any output format.

    Attributes:
        header: the column names; the frame's index comes first, unless it is an unnamed RangeIndex.
        numeric: for each column whether its cells are numbers, which are aligned right.
        rows: the cells as strings, each row as long as `header`.
        left_out: the number of rows of the frame that are not shown.
    """

    header: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    left_out: int

    @property
    def remark(self) -> str:
        """The note below a table that says how many of its rows are not shown; empty if all are shown."""
        if not self.left_out:
            return ""
        rows = "row" if self.left_out == 1 else "rows"
        return f"{self.left_out:,} more {rows} not shown"


def to_grid(frame: pd.DataFrame, max_rows: int = 50, *, by_row: bool = False) -> Grid:
    """Format the first rows of a DataFrame as strings, for a table in a report.

    All numbers of a column have the same decimal places, so that their decimal points are aligned.

    Args:
        frame: the table.
        max_rows: the number of rows to show, 0 or more.
        by_row: whether the numbers of a row have the same decimal places instead, for tables whose rows are
            different quantities (a rate, then seconds). Columns of integers have no decimal places in either
            case.

    Returns:
        The formatted cells, and the number of rows that are not shown.
    """
    import pandas as pd

    head = frame.head(max(max_rows, 0))
    columns: list[tuple[object, list[Any]]] = [
        (name, head.iloc[:, position].tolist()) for position, name in enumerate(head.columns)
    ]
    is_default_index = isinstance(frame.index, pd.RangeIndex) and frame.index.name is None
    if not is_default_index:
        index = head.index
        columns = [
            (index.names[at] or "", index.get_level_values(at).tolist()) for at in range(index.nlevels)
        ] + columns
    digits = _digits_of_rows(columns) if by_row else None
    formatted = [_column(values, digits) for _, values in columns]
    return Grid(
        header=tuple(_name(name) for name, _ in columns),
        numeric=tuple(numeric for _, numeric in formatted),
        rows=tuple(zip(*(texts for texts, _ in formatted), strict=True)),
        left_out=len(frame) - len(head),
    )


def clean(text: str) -> str:
    """Return a text in which characters that a report can't display are replaced by U+FFFD.

    These are control characters and unpaired surrogates. Line ends become a single newline character.
    """
    return _UNSHOWABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def truncate(text: str, max_characters: int = MAX_CHARACTERS) -> str:
    """Return a table cell's text, cut after `max_characters` characters with a count of the omitted ones.

    A text of more than `MAX_LINES` lines is joined to one line first.

    Args:
        text: the text.
        max_characters: maximum number of characters that are kept.
    """
    text = clean(text)
    if text.count("\n") >= MAX_LINES:
        text = " ".join(text.split())
    if len(text) > max_characters:
        return f"{text[:max_characters]}… (+{len(text) - max_characters:,} characters)"
    return text


def _name(name: Any) -> str:
    return truncate(" / ".join(map(str, name)) if isinstance(name, tuple) else str(name))


def _column(values: list[Any], digits_of_rows: list[int] | None) -> tuple[list[str], bool]:
    missing = [_is_missing(value) for value in values]
    present = [value for value, is_missing in zip(values, missing, strict=True) if not is_missing]
    numeric = _all_numbers(present)
    digits = _digits([float(value) for value in present]) if numeric else 0
    row_digits = digits_of_rows if digits_of_rows is not None and digits else [digits] * len(values)
    texts = [
        MISSING if is_missing else _number(value, decimals) if numeric else _text(value)
        for value, is_missing, decimals in zip(values, missing, row_digits, strict=True)
    ]
    return texts, numeric


def _digits_of_rows(columns: list[tuple[object, list[Any]]]) -> list[int]:
    fractional = []
    for _, values in columns:
        present = [value for value in values if not _is_missing(value)]
        if _all_numbers(present) and _digits([float(value) for value in present]):
            fractional.append(values)
    return [
        _digits([float(value) for value in row if not _is_missing(value)])
        for row in zip(*fractional, strict=True)
    ]


def _all_numbers(present: list[Any]) -> bool:
    return bool(present) and all(
        isinstance(value, Real | Decimal) and not _is_bool(value) for value in present
    )


def _is_missing(value: Any) -> bool:
    import pandas as pd

    return bool(pd.api.types.is_scalar(value) and pd.isna(value))


def _is_bool(value: Any) -> bool:
    import pandas as pd

    return bool(pd.api.types.is_bool(value))


def _digits(numbers: list[float]) -> int:
    """Return the number of decimal places with which the largest number has about three significant digits.

    It is 0 if all numbers are whole.
    """
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
    # A small p value must not be displayed as zero.
    if number and float(text.replace(",", "")) == 0:
        return f"{number:.1e}"
    return text


def _text(value: Any) -> str:
    if _is_bool(value):
        return "yes" if value else "no"
    if isinstance(value, dict | list | tuple):
        value = json.dumps(value, ensure_ascii=False, default=str)
    return truncate(str(value))
