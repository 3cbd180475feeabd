"""JSON Lines, or an array of objects, as a table."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from veritrain_lib.reading.exports import flattened
from veritrain_lib.reading.fault import FileFault, RowFault, refuse_rows
from veritrain_lib.reading.json_text import (
    DEEPEST,
    JsonFault,
    as_text,
    deeper_than,
    may_hold_half_characters,
    parse,
    unfit_character,
)
from veritrain_lib.reading.table import Limits, Table

Numbered = Iterator[tuple[int, int, Any]]
"""Row, line (0: not known) and value, or the JsonFault that it is instead."""

LENIENT = json.JSONDecoder(parse_int=len, parse_float=len, parse_constant=len)
"""Finds where a value ends, whatever numbers it holds."""


def read_json(name: str, text: str, limits: Limits, *, skip_broken: bool = False) -> Table:
    """The table in a JSON array of objects, or in JSON Lines: which of both, the first character tells.

    With `skip_broken` rows that can't be read are left out (`Table.skipped`) instead of refused.

    Raises FileFault for an array that is no JSON, rows that are no JSON object or hold what is not allowed (all
    counted, the first named), and for more than the limits allow.
    """
    check = may_hold_half_characters(text)
    records: list[dict[str, Any]] = []
    numbers: list[int] = []
    faults: list[RowFault] = []
    for row, line, value in _array(name, text) if text.lstrip()[:1] == "[" else _lines(name, text):
        wrong = str(value) if isinstance(value, JsonFault) else _why_not(value, limits, check)
        if wrong:
            faults.append(RowFault(row, wrong, line))
        else:
            records.append(value)
            numbers.append(row)
            limits.check(name, 0, len(records))
    if not skip_broken:
        allowed = f"Each row is one JSON object of texts, numbers, true, false or null, nested at most {DEEPEST} deep"
        refuse_rows(name, faults, allowed)
    records, numbers, notes = flattened(name, records, numbers)
    columns, rows = _as_rows(name, records, limits)
    return Table(name, columns, rows, numbers, notes, faults)


def _array(name: str, text: str) -> Numbered:
    try:
        values = parse(text)
    except JsonFault as error:
        found = list(_items(text))
        if not any(isinstance(value, JsonFault) for _, _, value in found):
            raise FileFault(f"{name} {error}") from error  # wrong outside of its rows
        yield from found
        return
    for number, value in enumerate(values, start=1):
        yield number, 0, value


def _items(text: str) -> Numbered:
    """The items of an array that can't be read as a whole, one by one, as far as they can be told apart."""
    skip = re.compile(r"[ \t\n\r,]*")
    at, number, line = text.index("[") + 1, 0, 1
    before = 0
    while True:
        at = skip.match(text, at).end()  # type: ignore[union-attr]  # matches anything
        line, before = line + text.count("\n", before, at), at
        if text[at : at + 1] in ("]", ""):
            return
        number += 1
        try:
            _, end = LENIENT.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = len(text)
        try:
            yield number, line, parse(text[at:end])
        except JsonFault as error:
            yield number, line, error
        at = end


def _lines(name: str, text: str) -> Numbered:
    number = 0
    # JSON allows line separators such as U+2028 inside a string: split at line feeds only.
    for line, content in enumerate(text.split("\n"), start=1):
        if not content or content.isspace():
            continue
        number += 1
        try:
            yield number, line, parse(content)
        except JsonFault as error:
            if number == 1:
                _refuse_one_object(name, text)
            yield number, line, error


def _refuse_one_object(name: str, text: str) -> None:
    """Raise FileFault for a file that is one object over several lines."""
    whole: Any = None
    with contextlib.suppress(JsonFault):
        whole = parse(text)
    if isinstance(whole, dict):
        keys = ", ".join(list(map(repr, whole))[:5])
        raise FileFault(
            f"{name} holds one JSON object (with the keys {keys}); rows are an array of objects, or one object a line"
        )


def _why_not(value: Any, limits: Limits, check: bool) -> str:
    if not isinstance(value, dict):
        return f"must be a JSON object, not {type(value).__name__}"
    if len(value) > limits.columns:
        return f"{len(value)} keys; at most {limits.columns} are taken"
    for key, inner in value.items():
        if isinstance(inner, dict | list) and deeper_than(inner, DEEPEST):
            return f"{key!r} is nested more than {DEEPEST} deep"
        if check and (unfit := unfit_character(key) or unfit_character(as_text(inner))):
            return f"{ascii(key)[:60]} holds {unfit}"
    return ""


def _as_rows(
    name: str, records: Iterable[dict[str, Any]], limits: Limits
) -> tuple[list[str], list[list[str]]]:
    records = list(records)
    names: dict[str, None] = {}
    for record in records:
        if not record.keys() <= names.keys():
            names.update(dict.fromkeys(record))
            limits.check(name, len(names), len(records))
    columns = list(names)
    return columns, [[as_text(record.get(column)) for column in columns] for record in records]
