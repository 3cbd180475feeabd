"""Reader of annotation tools' exports, whose answers are wrapped in lists and objects and whose fields are nested.

Supported are Label Studio (CSV, JSON and JSON-MIN), doccano (JSON Lines with label lists, CSV with labels joined by
`#`) and Argilla (CSV, JSON).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from veritrain_lib.reading.fault import RowFault
from veritrain_lib.reading.json_text import JsonFault, as_text, parse

ANSWER_KEYS = ("value", "rating", "number", "text", "choices")
"""Keys of the JSON objects in which Label Studio and Argilla wrap answers, in the order in which they are tried."""


JOINING_SIGNS = "#|;,"
"""Signs with which tools join several labels in one cell: doccano uses `#`, others use `|`, `;` or `,`."""


@dataclass(frozen=True)
class UnwrappedAnswers:
    """Answers in an annotation tool's export as plain texts, taken out of their lists and objects.

    Attributes:
        values: The answer of every row; "" for a row with a fault or without a submitted answer.
        count: Number of answers that were wrapped in a list or an object.
        faults: Rows with several different answers, or with marked spans of text instead of an answer.
    """

    values: list[str]
    count: int
    faults: list[RowFault]


def unwrap(values: Sequence[str], numbers: Sequence[int] | None = None) -> UnwrappedAnswers:
    """Take single answers out of `["x"]`, `{"choices": ["x"]}` and `[{"value": "x", "status": "submitted"}]`.

    A cell in none of these forms stays as it is, so plain answers and answers that are themselves JSON are kept. Of
    Argilla's answers only submitted ones count.

    Args:
        values: The cells of the answer column.
        numbers: The row number of each cell, for messages; None: 1, 2, ...
    """
    unwrapped: list[str] = []
    faults: list[RowFault] = []
    count = 0
    for index, cell in enumerate(values):
        answers = answers_in(cell) if cell[:1] in ("[", "{") else None
        if answers is None:
            unwrapped.append(cell)
            continue
        count += 1
        distinct = list(dict.fromkeys(answers))
        number = numbers[index] if numbers is not None else index + 1
        if None in distinct:
            faults.append(RowFault(number, f"holds marked spans, not one answer: {cell[:60]}"))
        elif len(distinct) > 1:
            shown = ", ".join(repr(answer) for answer in distinct[:4])
            faults.append(RowFault(number, f"holds {len(distinct)} answers ({shown}), and a row needs one"))
        unwrapped.append((distinct[0] or "") if len(distinct) == 1 else "")
    return UnwrappedAnswers(unwrapped, count, faults)


def joined_labels(values: Sequence[str], numbers: Sequence[int]) -> list[RowFault]:
    """Return a fault for each row whose answer cell holds several labels, joined by `#`, `|`, `;` or `,`.

    `billing#access` holds two labels if `billing` and `access` are each the whole answer of another row; `C#` and
    `Smith, John` hold one.

    Args:
        values: The cells of a column of labels.
        numbers: The row number of each cell.
    """
    labels = {value.strip() for value in values} - {""}
    faults = []
    for cell, number in zip(values, numbers, strict=True):
        for sign in JOINING_SIGNS:
            parts = list(dict.fromkeys(part.strip() for part in cell.split(sign)))
            if sign in cell and len(parts) > 1 and labels.issuperset(parts):
                shown = ", ".join(repr(part) for part in parts[:4])
                faults.append(
                    RowFault(
                        number,
                        f"holds {len(parts)} answers ({shown}, joined by {sign!r}), and a row needs one",
                    )
                )
                break
    return faults


def answers_in(cell: str) -> list[str | None] | None:
    """Return the answers that an annotation tool wrapped in one cell.

    Returns:
        The answers, with None for each marked span of text; None instead of a list if the cell is not such a wrapper.
    """
    try:
        value = parse(cell)
    except JsonFault:
        return None
    if isinstance(value, dict):
        return _of_object(value)
    if not isinstance(value, list):
        return None
    answers: list[str | None] = []
    for item in value:
        if isinstance(item, dict):
            if item.get("status", "submitted") != "submitted":
                continue
            inner_answers = _of_object(item)
            if inner_answers is None:
                return [None] if {"start", "end"} <= item.keys() else None
            answers += inner_answers
        elif isinstance(item, list):
            answers.append(None)
        elif as_text(item).strip():
            answers.append(as_text(item))
    return answers


def _of_object(value: dict[str, Any]) -> list[str | None] | None:
    if {"start", "end"} <= value.keys() or {"start_offset", "end_offset"} <= value.keys():
        return [None]
    for key in ANSWER_KEYS:
        if key in value:
            content = value[key]
            if key == "text" and not isinstance(content, list):
                return None  # Label Studio's texts are lists; an object with one text is an ordinary field
            if isinstance(content, dict):
                return None
            items = content if isinstance(content, list) else [content]
            return [None if isinstance(item, dict | list) else as_text(item) for item in items]
    return None


def flatten_export(
    name: str, records: list[dict[str, Any]], numbers: list[int]
) -> tuple[list[dict[str, Any]], list[int], list[str]]:
    """Flatten the nested records of Label Studio's or Argilla's JSON export to one record per annotation.

    Args:
        name: Name of the file, for the notes.
        records: The records of the file; those of any other file stay as they are.
        numbers: The row number of each record.

    Returns:
        The flat records, the row number of each, and notes for the user.
    """
    if records and all(_is_label_studio(record) for record in records):
        numbered_rows = [
            (row, number)
            for record, number in zip(records, numbers, strict=True)
            for row in _of_label_studio(record)
        ]
        note = (
            f"{name} is an export of Label Studio: {len(numbered_rows)} annotations of {len(records)} texts"
        )
    elif records and all(_is_argilla(record) for record in records):
        numbered_rows = [
            ({**record["fields"], **record["responses"]}, number)
            for record, number in zip(records, numbers, strict=True)
        ]
        note = f"{name} is an export of Argilla: {len(records)} records"
    else:
        return records, numbers, []
    return [row for row, _ in numbered_rows], [number for _, number in numbered_rows], [note]


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
        annotator = annotation.get("completed_by")
        row["annotator"] = (
            annotator.get("email") or annotator.get("id") if isinstance(annotator, dict) else annotator
        )
        results = annotation.get("result")
        for result in results if isinstance(results, list) else []:
            if isinstance(result, dict) and isinstance(result.get("value"), dict):
                row[str(result.get("from_name") or "label")] = result["value"]
        rows.append(row)
    return rows or [dict(record["data"])]
