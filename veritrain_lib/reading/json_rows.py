"""Reader of files of rows as JSON Lines or as a JSON array of objects."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from veritrain_lib.reading.exports import flatten_export
from veritrain_lib.reading.fault import FileFault, RowFault, reject_rows
from veritrain_lib.reading.json_text import (
    MAX_DEPTH,
    JsonFault,
    as_text,
    deeper_than,
    invalid_character,
    may_hold_surrogates,
    parse,
)
from veritrain_lib.reading.table import Limits, TextTable

Numbered = Iterator[tuple[int, int, Any]]
"""Iterator over the rows of a JSON file: row number, line (0 if unknown), and the row's value or its JsonFault."""

LENIENT_DECODER = json.JSONDecoder(parse_int=len, parse_float=len, parse_constant=len)
"""Decoder that finds the end of a JSON value without checking its numbers."""


def read_json(name: str, text: str, limits: Limits, *, skip_broken: bool = False) -> TextTable:
    """Read the table in a JSON array of objects or in JSON Lines; the text is an array if its first character is `[`.

    Args:
        name: Name of the file, for messages.
        text: The text of the file.
        limits: Maximum size of the table.
        skip_broken: Whether invalid rows are left out and listed in `TextTable.skipped`, instead of raising an error.

    Raises:
        FileFault: The text is not valid JSON, rows are invalid (all are counted, the first ones named), or the table
            exceeds the limits. A valid row is a JSON object of texts, numbers, true, false, null, and lists and objects
            of these within a limit of nesting.
    """
    check_surrogates = may_hold_surrogates(text)
    records: list[dict[str, Any]] = []
    numbers: list[int] = []
    faults: list[RowFault] = []
    for row, line, value in _array(name, text) if text.lstrip()[:1] == "[" else _lines(name, text):
        problem = (
            str(value) if isinstance(value, JsonFault) else _row_problem(value, limits, check_surrogates)
        )
        if problem:
            faults.append(RowFault(row, problem, line))
        else:
            records.append(value)
            numbers.append(row)
            limits.check(name, 0, len(records))
    if not skip_broken:
        allowed = f"Each row is one JSON object of texts, numbers, true, false or null, nested at most {MAX_DEPTH} deep"
        reject_rows(name, faults, allowed)
    records, numbers, notes = flatten_export(name, records, numbers)
    columns, rows = _as_rows(name, records, limits)
    return TextTable(name, columns, rows, numbers, notes, faults)


def _array(name: str, text: str) -> Numbered:
    try:
        values = parse(text)
    except JsonFault as error:
        items = list(_items(text))
        if not any(isinstance(value, JsonFault) for _, _, value in items):
            raise FileFault(f"{name} {error}") from error  # invalid outside of its rows
        yield from items
        return
    for number, value in enumerate(values, start=1):
        yield number, 0, value


def _items(text: str) -> Numbered:
    """Yield the items of an invalid JSON array one by one, as far as they can be separated."""
    skip = re.compile(r"[ \t\n\r,]*")
    position, number, line = text.index("[") + 1, 0, 1
    previous = 0
    while True:
        position = skip.match(text, position).end()  # type: ignore[union-attr]  # matches anything
        line, previous = line + text.count("\n", previous, position), position
        if text[position : position + 1] in ("]", ""):
            return
        number += 1
        try:
            _, end = LENIENT_DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            end = len(text)
        try:
            yield number, line, parse(text[position:end])
        except JsonFault as error:
            yield number, line, error
        position = end


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
                _reject_single_object(name, text)
            yield number, line, error


def _reject_single_object(name: str, text: str) -> None:
    """Raise FileFault if the text of a file is a single JSON object over several lines."""
    value: Any = None
    with contextlib.suppress(JsonFault):
        value = parse(text)
    if isinstance(value, dict):
        keys = ", ".join(list(map(repr, value))[:5])
        raise FileFault(
            f"{name} holds one JSON object (with the keys {keys}); rows are an array of objects, or one object a line"
        )


def _row_problem(value: Any, limits: Limits, check_surrogates: bool) -> str:
    if not isinstance(value, dict):
        return f"must be a JSON object, not {type(value).__name__}"
    if len(value) > limits.columns:
        return f"{len(value)} keys; at most {limits.columns} are allowed"
    for key, inner in value.items():
        if isinstance(inner, dict | list) and deeper_than(inner, MAX_DEPTH):
            return f"{key!r} is nested more than {MAX_DEPTH} deep"
        if check_surrogates and (invalid := invalid_character(key) or invalid_character(as_text(inner))):
            return f"{ascii(key)[:60]} holds {invalid}"
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
