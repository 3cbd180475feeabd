"""Reading a user's files into rows: CSV or JSON Lines, checked, with an id for every row."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib.digest import of_example
from veritrain_lib.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.records import Source
    from veritrain_lib.task import Task


def read_table(path: Path) -> pd.DataFrame:
    """Every row of a CSV or JSON Lines file as text; an absent value is the empty text.

    Raises UserError for another suffix, text that is not UTF-8, a line that is no JSON object, or a row with
    more cells than the header, with the number of the row (the first row after the header is 1).
    """
    import pandas as pd

    header, records = read_records(path)
    return pd.DataFrame(records).fillna("") if records else pd.DataFrame(columns=header, dtype=str)


def read_records(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """What `read_table` reads, without pandas: the header (empty for JSON Lines) and the rows as they are.

    Raises as `read_table` does. A row of JSON Lines may lack keys.
    """
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".jsonl"):
        raise UserError(f"{path.name}: {suffix or 'no suffix'} can't be read; allowed: .csv, .jsonl (UTF-8)")
    try:
        # Not read_text: it would turn the line ends inside quoted cells into others.
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path.name} is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    return _csv(path, text) if suffix == ".csv" else ([], _jsonl(path, text))


def _csv(path: Path, text: str) -> tuple[list[str], list[dict[str, str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records: list[dict[str, str]] = []
    header: list[str] = []
    try:
        for cells in reader:
            number = len(records) + 1
            if not header:
                header = cells
                if len(set(header)) != len(header):
                    raise UserError(f"{path.name}: the header names a column twice: {header}")
            elif cells:
                if len(cells) > len(header):
                    raise UserError(
                        f"{path.name} row {number}: {len(cells)} cells under {len(header)} columns; quote commas"
                    )
                records.append(dict(zip(header, cells + [""] * (len(header) - len(cells)), strict=True)))
    except csv.Error as error:
        raise UserError(f"{path.name} row {len(records) + 1}: {error}") from error
    return header, records


def _jsonl(path: Path, text: str) -> list[dict[str, str]]:
    records = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise UserError(f"{path.name} line {number} is no JSON: {error}") from error
        if not isinstance(record, dict):
            raise UserError(f"{path.name} line {number} must be a JSON object, not {type(record).__name__}")
        texts = {str(key): _as_text(value) for key, value in record.items()}
        broken = [
            key
            for key, value in texts.items()
            if any("\ud800" <= letter <= "\udfff" for letter in key + value)
        ]
        if broken:
            raise UserError(
                f"{path.name} line {number}: half a character (a lone surrogate) in {broken[0]!r}; mend the escape"
            )
        records.append(texts)
    return records


def _as_text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def read_examples(task: Task, path: Path, source: Source, *, answers: bool = True) -> pd.DataFrame:
    """Rows of a data file in the form every room works on.

    Columns: `id`, the task's columns, `source`, `provenance`. With `answers=False` the target column is left
    empty, whatever the file says: a pool's labels stay hidden until a row is chosen.

    Raises UserError when a column is missing, or (with answers) a label is not one of the task's.
    """
    return as_examples(task, read_table(path), path.name, source, answers=answers)


def as_examples(
    task: Task, table: pd.DataFrame, name: str, source: Source, *, answers: bool = True
) -> pd.DataFrame:
    """As `read_examples`, for a table of texts at hand that was read from a file called `name`."""
    import pandas as pd

    needed = [*task.inputs, *([task.target.field] if answers else [])]
    absent = [one for one in needed if one not in table.columns]
    if absent:
        raise UserError(
            f"{name} lacks the column(s) {', '.join(absent)}; it has: {', '.join(map(str, table.columns)) or 'none'}"
        )
    if answers and task.labels:
        column = table[task.target.field]
        wrong = table.index[~column.isin([*task.labels, ""])]
        if len(wrong):
            shown = "; ".join(f"row {number + 1}: {column[number]!r}" for number in wrong[:5])
            raise UserError(
                f"{name}: {len(wrong)} label(s) that the task does not list: {shown}. Allowed: {', '.join(task.labels)}"
            )
    ids = [
        of_example(dict(zip(task.inputs, values, strict=True)))
        for values in table[list(task.inputs)].itertuples(index=False)
    ]
    rows = pd.DataFrame({"id": ids})
    for column_name in task.columns:
        rows[column_name] = table[column_name].astype(str) if column_name in table.columns else ""
    if not answers:
        rows[task.target.field] = ""
    rows["source"] = source
    file = json.dumps(name, ensure_ascii=False)
    rows["provenance"] = [f'{{"file": {file}, "row": {number}}}' for number in range(1, len(rows) + 1)]
    return rows
