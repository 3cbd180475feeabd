"""Rows that wait for people: handed out to a CSV, which the label notebook or any spreadsheet fills in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from filelock import FileLock

from veritrain_lib.core.errors import UserError
from veritrain_lib.reading.files import read_file
from veritrain_lib.reading.forms import the_same
from veritrain_lib.reading.spreadsheet import restore, write_for_people

if TYPE_CHECKING:
    from collections.abc import Container
    from pathlib import Path

    import pandas as pd

    from veritrain_lib.core.task import Task


def label_file(task: Task) -> Path:
    """Where the answers are: columns id, the inputs, the target (empty while it waits).

    Raises UserError for a file that is no CSV, since the loop writes it.
    """
    file = task.file("labels")
    assert file is not None  # has a default
    if file.suffix.lower() != ".csv":
        raise UserError(
            f"data.labels is {task.data.labels!r}, and the loop writes it as CSV; name a file that ends in .csv"
        )
    return file


def hand_out(task: Task, waiting: pd.DataFrame) -> Path:
    """Add rows to the labels file that are not in it yet. What people wrote is never touched."""
    import pandas as pd

    file = label_file(task)
    columns = ["id", *task.inputs, task.target.field]
    with FileLock(f"{file}.lock", timeout=20):
        old = read_labels(task)
        new = waiting.loc[~waiting["id"].isin(old["id"]), columns]
        write_for_people(pd.concat([old, new], ignore_index=True)[columns], file)
    return file


def read_labels(task: Task) -> pd.DataFrame:
    """Every row that was handed out, answered or not; empty when there is none.

    Raises UserError for a file that can't be read or lacks a column, and for an id that is there twice with two
    answers, with its rows.
    """
    import pandas as pd

    file = label_file(task)
    columns = ["id", *task.inputs, task.target.field]
    table = read_file(file).frame() if file.exists() else pd.DataFrame()
    if not len(table):
        return pd.DataFrame(columns=columns, dtype=str)
    absent = [name for name in columns if name not in table.columns]
    if absent:
        raise UserError(f"{file.name} lacks the column(s) {', '.join(absent)}; it needs {', '.join(columns)}")
    return _once(file, restore(table[columns]), task.target.field)


def _once(file: Path, table: pd.DataFrame, target: str) -> pd.DataFrame:
    """The rows, each id once. Raises UserError for an id with two answers."""
    if not table["id"].duplicated().any():
        return table
    table = table.assign(**{target: table[target].where(table[target].str.strip() != "", "")})
    wrong = []
    for row_id, group in table[table["id"].duplicated(keep=False)].groupby("id", sort=False):
        given = group[target][group[target] != ""]
        if given.str.strip().nunique() > 1:
            places = " and ".join(
                f"row {place + 1} ({value!r})" for place, value in zip(given.index, given, strict=True)
            )
            wrong.append(f"{row_id} in {places}")
    if wrong:
        raise UserError(
            f"{file.name}: {len(wrong)} id(s) stand twice with different answers: {'; '.join(wrong[:5])}. Keep one of them"
        )
    # Of copies with one answer and without, the answered one counts.
    order = table.assign(empty=table[target] == "").sort_values("empty", kind="stable")
    kept = order.drop_duplicates("id").index
    return table.loc[sorted(kept)].reset_index(drop=True)


def answers_of_people(task: Task, known_ids: Container[str]) -> dict[str, str]:
    """What people answered, by id; empty while there is no file. Labels are taken whatever blanks and width they have.

    Raises UserError as `read_labels` does, for ids that are not among the known ones, and for answers that the task
    does not allow, each with its row.
    """
    if not label_file(task).exists():
        return {}
    table, target, file = read_labels(task), task.target.field, label_file(task).name
    done = table[table[target].str.strip() != ""]
    given = done[target].tolist()
    if task.labels:
        given = [value if value in task.labels else the_same(value, task.labels) for value in given]
    wrong = [
        f"row {place + 1}: {value!r}"
        for place, value in zip(done.index, given, strict=True)
        if task.labels and value not in task.labels
    ]
    if wrong:
        raise UserError(
            f"{file}: {len(wrong)} answer(s) that the task does not allow: {'; '.join(wrong[:5])}. "
            f"Allowed: {', '.join(task.labels)}"
        )
    unknown = [
        f"row {place + 1}: {row_id}"
        for place, row_id in zip(done.index, done["id"], strict=True)
        if row_id not in known_ids
    ]
    if unknown:
        shown = "; ".join(unknown[:5])
        raise UserError(
            f"{file}: {len(unknown)} answered row(s) have an id that no row of the pool has: {shown}. Their answers would be "
            "lost (a spreadsheet may have changed the ids): put the right id back, or take the rows out"
        )
    return dict(zip(done["id"], given, strict=True))


def count_waiting(task: Task) -> int:
    """How many rows were handed out and have no answer yet. Raises UserError for a file that lacks a column."""
    file = label_file(task)
    if not file.exists():
        return 0
    table, target = read_file(file), task.target.field
    if target not in table.columns:
        return int((read_labels(task)[target].str.strip() == "").sum())  # knows what to say to it
    at = table.columns.index(target)
    return sum(not row[at].strip() for row in table.rows)


def answer(task: Task, row_id: str, value: str) -> None:
    """Write one answer (the empty text takes it back), safely against a crash in the middle.

    Raises UserError for an answer the task does not allow, or a row that was not handed out.
    """
    if value and task.labels and value not in task.labels:
        raise UserError(f"{value!r} is no answer of task {task.name}; allowed: {', '.join(task.labels)}")
    with FileLock(f"{label_file(task)}.lock", timeout=20):
        table = read_labels(task)
        found = table["id"] == row_id
        if not found.any():
            raise UserError(f"row {row_id} was not handed out for labelling")
        table.loc[found, task.target.field] = value
        write_for_people(table, label_file(task))
