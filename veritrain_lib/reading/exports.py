"""What annotation tools export: answers in lists and objects, and records with their fields nested.

Label Studio (CSV, JSON and JSON-MIN), doccano (JSON Lines with label lists) and Argilla (CSV, JSON) are understood.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from veritrain_lib.reading.fault import RowFault
from veritrain_lib.reading.json_text import JsonFault, as_text, parse

SINGLE = ("value", "rating", "number", "text", "choices")
"""Keys under which an object of Label Studio or Argilla holds its answer or answers."""


@dataclass(frozen=True)
class Unwrapped:
    """Answers out of their lists and objects: `values` for every row, `count` of those that were wrapped, and `faults`
    of rows with several answers, or with none that a row can have."""

    values: list[str]
    count: int
    faults: list[RowFault]


def unwrap(values: Sequence[str], numbers: Sequence[int] | None = None) -> Unwrapped:
    """Take single answers out of `["x"]`, `{"choices": ["x"]}` and `[{"value": "x", "status": "submitted"}]`.

    A cell that is none of these stays as it is, so that plain answers and answers that are JSON themselves are kept;
    of Argilla's answers only submitted ones count. `numbers` are the rows' numbers (default: 1, 2, ...).
    """
    unwrapped: list[str] = []
    faults: list[RowFault] = []
    count = 0
    for at, cell in enumerate(values):
        answers = answers_in(cell) if cell[:1] in ("[", "{") else None
        if answers is None:
            unwrapped.append(cell)
            continue
        count += 1
        distinct = list(dict.fromkeys(answers))
        number = numbers[at] if numbers is not None else at + 1
        if None in distinct:
            faults.append(RowFault(number, f"holds marked spans, not one answer: {cell[:60]}"))
        elif len(distinct) > 1:
            shown = ", ".join(repr(answer) for answer in distinct[:4])
            faults.append(RowFault(number, f"holds {len(distinct)} answers ({shown}), and a row needs one"))
        unwrapped.append((distinct[0] or "") if len(distinct) == 1 else "")
    return Unwrapped(unwrapped, count, faults)


def answers_in(cell: str) -> list[str | None] | None:
    """The answers wrapped in one cell, None where it wraps none. An answer that is a marked span is None."""
    try:
        value = parse(cell)
    except JsonFault:
        return None
    if isinstance(value, dict):
        return _of_object(value)
    if not isinstance(value, list):
        return None
    found: list[str | None] = []
    for item in value:
        if isinstance(item, dict):
            if item.get("status", "submitted") != "submitted":
                continue
            inner = _of_object(item)
            if inner is None:
                return [None] if {"start", "end"} <= item.keys() else None
            found += inner
        elif isinstance(item, list):
            found.append(None)
        elif as_text(item).strip():
            found.append(as_text(item))
    return found


def _of_object(value: dict[str, Any]) -> list[str | None] | None:
    if {"start", "end"} <= value.keys() or {"start_offset", "end_offset"} <= value.keys():
        return [None]
    for key in SINGLE:
        if key in value:
            held = value[key]
            if key == "text" and not isinstance(held, list):
                return None  # Label Studio's texts are lists; an object with one text is a field of its own
            if isinstance(held, dict):
                return None
            listed = held if isinstance(held, list) else [held]
            return [None if isinstance(one, dict | list) else as_text(one) for one in listed]
    return None


def flattened(
    name: str, records: list[dict[str, Any]], numbers: list[int]
) -> tuple[list[dict[str, Any]], list[int], list[str]]:
    """Records of Label Studio's JSON and Argilla's JSON with their fields at the top, one record an annotation.

    Gives the records, the number of the row that each is from, and what is worth saying. Others stay as they are.
    """
    if records and all(_is_label_studio(record) for record in records):
        made = [
            (row, number)
            for record, number in zip(records, numbers, strict=True)
            for row in _of_label_studio(record)
        ]
        note = f"{name} is an export of Label Studio: {len(made)} annotations of {len(records)} texts"
    elif records and all(_is_argilla(record) for record in records):
        made = [
            ({**record["fields"], **record["responses"]}, number)
            for record, number in zip(records, numbers, strict=True)
        ]
        note = f"{name} is an export of Argilla: {len(records)} records"
    else:
        return records, numbers, []
    return [row for row, _ in made], [number for _, number in made], [note]


def _is_label_studio(record: dict[str, Any]) -> bool:
    return isinstance(record.get("data"), dict) and isinstance(record.get("annotations"), list)


def _is_argilla(record: dict[str, Any]) -> bool:
    return isinstance(record.get("fields"), dict) and isinstance(record.get("responses"), dict)


def _of_label_studio(record: dict[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for annotation in record["annotations"]:
        if not isinstance(annotation, dict) or annotation.get("was_cancelled"):
            continue
        row = dict(record["data"])
        who = annotation.get("completed_by")
        row["annotator"] = who.get("email") or who.get("id") if isinstance(who, dict) else who
        results = annotation.get("result")
        for result in results if isinstance(results, list) else []:
            if isinstance(result, dict) and isinstance(result.get("value"), dict):
                row[str(result.get("from_name") or "label")] = result["value"]
        rows.append(row)
    return rows or [dict(record["data"])]
