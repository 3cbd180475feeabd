"""Rows that wait for people: handed out to a CSV, which the label notebook or any spreadsheet fills in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from filelock import FileLock

from veritrain_lib.errors import UserError
from veritrain_lib.rows import read_records, read_table

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from veritrain_lib.task import Task


def label_file(task: Task) -> Path:
    """Where the answers are: columns id, the inputs, the target (empty while it waits)."""
    file = task.file("labels")
    assert file is not None  # has a default
    return file


def hand_out(task: Task, waiting: pd.DataFrame) -> Path:
    """Add rows to the labels file that are not in it yet. What people wrote is never touched."""
    import pandas as pd

    file = label_file(task)
    columns = ["id", *task.inputs, task.target.field]
    with FileLock(f"{file}.lock", timeout=60):
        old = read_labels(task)
        new = waiting.loc[~waiting["id"].isin(old["id"]), columns]
        _write(file, pd.concat([old, new], ignore_index=True)[columns])
    return file


def read_labels(task: Task) -> pd.DataFrame:
    """Every row that was handed out, answered or not; empty when there is none."""
    import pandas as pd

    file = label_file(task)
    columns = ["id", *task.inputs, task.target.field]
    table = read_table(file) if file.exists() else pd.DataFrame()
    if not len(table):
        return pd.DataFrame(columns=columns, dtype=str)
    absent = [name for name in columns if name not in table.columns]
    if absent:
        raise UserError(f"{file.name} lacks the column(s) {', '.join(absent)}; it needs {', '.join(columns)}")
    return table[columns]


def count_waiting(task: Task) -> int:
    """How many rows were handed out and have no answer yet. Raises UserError for a file that lacks a column."""
    if not label_file(task).exists():
        return 0
    target = task.target.field
    _, records = read_records(label_file(task))
    if not all(target in record for record in records):
        # Unusual: a missing column, or JSON Lines with gaps. The table knows what to say to either.
        return int((read_labels(task)[target].str.strip() == "").sum())
    return sum(not record[target].strip() for record in records)


def answer(task: Task, row_id: str, value: str) -> None:
    """Write one answer (the empty text takes it back), safely against a crash in the middle.

    Raises UserError for an answer the task does not allow, or a row that was not handed out.
    """
    if value and task.labels and value not in task.labels:
        raise UserError(f"{value!r} is no answer of task {task.name}; allowed: {', '.join(task.labels)}")
    with FileLock(f"{label_file(task)}.lock", timeout=60):
        table = read_labels(task)
        found = table["id"] == row_id
        if not found.any():
            raise UserError(f"row {row_id} was not handed out for labelling")
        table.loc[found, task.target.field] = value
        _write(label_file(task), table)


def _write(file: Path, table: pd.DataFrame) -> None:
    part = file.with_suffix(".part")
    table.to_csv(part, index=False, encoding="utf-8", lineterminator="\n")
    part.replace(file)
