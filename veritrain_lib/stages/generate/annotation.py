"""The labels file: a CSV of rows without an answer, which people fill in with the label notebook or any spreadsheet.

Open this to see how rows get into the file, how answers are written to it and read back, and what is checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from filelock import FileLock

from veritrain_lib.core.errors import UserError
from veritrain_lib.reading.files import read_file
from veritrain_lib.reading.forms import match_label
from veritrain_lib.reading.spreadsheet import unescape_table, write_spreadsheet

if TYPE_CHECKING:
    from collections.abc import Container
    from pathlib import Path

    import pandas as pd

    from veritrain_lib.core.task import Task


def label_file(task: Task) -> Path:
    """Return the path of the labels file, with the columns id, the inputs and the target (empty until answered).

    Raises:
        UserError: for a file that is no CSV, since the loop writes it.
    """
    file = task.file("labels")
    assert file is not None  # has a default
    if file.suffix.lower() != ".csv":
        raise UserError(
            f"data.labels is {task.data.labels!r}, and the loop writes it as CSV; name a file that ends in .csv"
        )
    return file


def queue_for_annotation(task: Task, waiting: pd.DataFrame) -> Path:
    """Add the rows to the labels file that are not in it yet, and leave what people wrote as it is.

    Args:
        task: The task.
        waiting: Rows without an answer, with the task's columns and `id`.

    Returns:
        The path of the labels file.
    """
    import pandas as pd

    file = label_file(task)
    columns = ["id", *task.inputs, task.target.field]
    with FileLock(f"{file}.lock", timeout=20):
        old = read_labels(task)
        new = waiting.loc[~waiting["id"].isin(old["id"]), columns]
        write_spreadsheet(pd.concat([old, new], ignore_index=True)[columns], file)
    return file


def read_labels(task: Task) -> pd.DataFrame:
    """Return every row of the labels file, answered or not, each id once; an empty table when there is none.

    Raises:
        UserError: for a file that can't be read or lacks a column, and for an id that is there twice with two answers,
            with its row numbers.
    """
    import pandas as pd

    file = label_file(task)
    columns = ["id", *task.inputs, task.target.field]
    table = read_file(file).frame() if file.exists() else pd.DataFrame()
    if not len(table):
        return pd.DataFrame(columns=columns, dtype=str)
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise UserError(
            f"{file.name} lacks the column(s) {', '.join(missing)}; it needs {', '.join(columns)}"
        )
    return _deduplicated(file, unescape_table(table[columns]), task.target.field)


def _deduplicated(file: Path, table: pd.DataFrame, target: str) -> pd.DataFrame:
    """Keep each id once; raise UserError for an id with two different answers."""
    if not table["id"].duplicated().any():
        return table
    table = table.assign(**{target: table[target].where(table[target].str.strip() != "", "")})
    wrong = []
    for row_id, group in table[table["id"].duplicated(keep=False)].groupby("id", sort=False):
        answers = group[target][group[target] != ""]
        if answers.str.strip().nunique() > 1:
            positions = " and ".join(
                f"row {position + 1} ({value!r})"
                for position, value in zip(answers.index, answers, strict=True)
            )
            wrong.append(f"{row_id} in {positions}")
    if wrong:
        raise UserError(
            f"{file.name}: {len(wrong)} id(s) are there twice with different answers: {'; '.join(wrong[:5])}. Keep one of them"
        )
    # Of copies with and without an answer, the answered one counts.
    order = table.assign(empty=table[target] == "").sort_values("empty", kind="stable")
    kept = order.drop_duplicates("id").index
    return table.loc[sorted(kept)].reset_index(drop=True)


def human_answers(task: Task, pool_ids: Container[str]) -> dict[str, str]:
    """Return the answers of people by row id; empty while there is no labels file.

    A label is recognized whatever spaces and character width it was typed with.

    Args:
        task: The task.
        pool_ids: The ids of the rows of the pool.

    Raises:
        UserError: as `read_labels` does; for ids that are not among `pool_ids`; and for answers that the task does not
            allow, each with its row number.
    """
    if not label_file(task).exists():
        return {}
    table, target, file = read_labels(task), task.target.field, label_file(task).name
    done = table[table[target].str.strip() != ""]
    answers = done[target].tolist()
    if task.labels:
        answers = [value if value in task.labels else match_label(value, task.labels) for value in answers]
    wrong = [
        f"row {position + 1}: {value!r}"
        for position, value in zip(done.index, answers, strict=True)
        if task.labels and value not in task.labels
    ]
    if wrong:
        raise UserError(
            f"{file}: {len(wrong)} answer(s) that the task does not allow: {'; '.join(wrong[:5])}. "
            f"Allowed: {', '.join(task.labels)}"
        )
    unknown = [
        f"row {position + 1}: {row_id}"
        for position, row_id in zip(done.index, done["id"], strict=True)
        if row_id not in pool_ids
    ]
    if unknown:
        shown = "; ".join(unknown[:5])
        raise UserError(
            f"{file}: {len(unknown)} answered row(s) have an id that no row of the pool has: {shown}. Their answers would be "
            "lost (a spreadsheet may have changed the ids): restore the right id, or remove the rows"
        )
    return dict(zip(done["id"], answers, strict=True))


def count_waiting(task: Task) -> int:
    """Count the rows of the labels file that have no answer yet.

    Raises:
        UserError: for a file that lacks a column.
    """
    file = label_file(task)
    if not file.exists():
        return 0
    table, target = read_file(file), task.target.field
    if target not in table.columns:
        return int(
            (read_labels(task)[target].str.strip() == "").sum()
        )  # raises with the names of the missing columns
    at = table.columns.index(target)
    return sum(not row[at].strip() for row in table.rows)


def save_answer(task: Task, row_id: str, value: str) -> None:
    """Write one answer to the labels file, in a way that survives a crash in the middle.

    Args:
        task: The task.
        row_id: The id of the row.
        value: The answer; the empty text removes it.

    Raises:
        UserError: for an answer that the task does not allow, or a row that is not in the labels file.
    """
    if value and task.labels and value not in task.labels:
        raise UserError(f"{value!r} is no answer of task {task.name}; allowed: {', '.join(task.labels)}")
    with FileLock(f"{label_file(task)}.lock", timeout=20):
        table = read_labels(task)
        is_row = table["id"] == row_id
        if not is_row.any():
            raise UserError(f"row {row_id} is not in the labels file")
        table.loc[is_row, task.target.field] = value
        write_spreadsheet(table, label_file(task))
