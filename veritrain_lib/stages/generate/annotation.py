"""Labels file: a CSV of chosen rows without an answer, which people fill in by notebook or spreadsheet.

Open this to see how rows get into the file, how answers are written and read back, and what is checked. A row that
needs a second person's answer is in the file again under the id `ID#2`; if the two answers differ, a third time as
`ID#3`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from filelock import FileLock

from veritrain_lib.core.errors import UserError
from veritrain_lib.core.rows import NONE_OF_THESE, is_none_of_these
from veritrain_lib.reading.files import read_file
from veritrain_lib.reading.forms import match_label
from veritrain_lib.reading.spreadsheet import unescape_table, write_spreadsheet

if TYPE_CHECKING:
    from collections.abc import Container
    from pathlib import Path

    import pandas as pd

    from veritrain_lib.core.task import Task


def label_file(task: Task) -> Path:
    """Return the path of the task's labels file: the CSV in which people write the missing answers of chosen rows.

    Raises:
        UserError: when the file's name does not end in `.csv`, since the loop writes CSV.
    """
    file = task.file("labels")
    assert file is not None  # has a default
    if file.suffix.lower() != ".csv":
        raise UserError(
            f"data.labels is {task.data.labels!r}, and the loop writes it as CSV; name a file that ends in .csv"
        )
    return file


def queue_for_annotation(task: Task, waiting: pd.DataFrame) -> Path:
    """Add rows without an answer to the labels file. Rows that the file holds already stay as people filled them in.

    Args:
        task: The task.
        waiting: The rows to add, with the task's columns and `id`.

    Returns:
        The path of the labels file.

    Raises:
        UserError: when the labels file can't be used, see `label_file` and `read_labels`.
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
    """Return all rows of the labels file, answered or not, each id once; an empty table if there is no file.

    Raises:
        UserError: when the file can't be read or lacks a column, or holds one id with two different answers.
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
    """Keep one row per id, the answered one if there is one.

    Args:
        file: The labels file, for the error message.
        table: Its rows.
        target: The column of the answers.

    Raises:
        UserError: when an id has two different answers; the message gives their row numbers.
    """
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


LATER_ANSWER = re.compile(r"(.+)#([2-9])")
"""Pattern of an id in the labels file that asks for a further answer: `ID#2`, a row's id and the number."""


def answer_id(row_id: str, number: int) -> str:
    """Return the id under which the labels file asks for one of a row's answers: the row's id, `ID#2`, `ID#3`.

    Args:
        row_id: The id of the row.
        number: The number of the answer: 1 for the first person, 2 for the second, 3 for the third.
    """
    return row_id if number == 1 else f"{row_id}#{number}"


def human_answers(task: Task, pool_ids: Container[str]) -> dict[str, str]:
    """Return the first person's answer to each row that is answered in the labels file, by row id.

    A label is recognized also if it was typed with other spaces or character widths. Without a file there are no
    answers. An answer may also be `NONE_OF_THESE`: no label of the task fits.

    Args:
        task: The task.
        pool_ids: The ids of the rows of the pool.

    Raises:
        UserError: when the file is unusable (see `read_labels`), an id is not in `pool_ids`, or the task does not allow
            an answer; the message gives row numbers.
    """
    return {row: answer for (row, number), answer in _answers(task, pool_ids).items() if number == 1}


def later_answers(task: Task, pool_ids: Container[str]) -> dict[str, list[str]]:
    """Return the second and third person's answers in the labels file, in this order, by row id.

    Args:
        task: The task.
        pool_ids: The ids of the rows of the pool.

    Raises:
        UserError: when the file is unusable or an answer or id is wrong, see `human_answers`.
    """
    found: dict[str, list[str]] = {}
    for (row, number), answer in sorted(_answers(task, pool_ids).items()):
        if number > 1:
            found.setdefault(row, []).append(answer)
    return found


def _answers(task: Task, pool_ids: Container[str]) -> dict[tuple[str, int], str]:
    """Return all answers in the labels file, by row id and number of the answer (1 for the first person).

    Args:
        task: The task.
        pool_ids: The ids of the rows of the pool.

    Raises:
        UserError: when the file is unusable or an answer or id is wrong, see `human_answers`.
    """
    if not label_file(task).exists():
        return {}
    table, target, file = read_labels(task), task.target.field, label_file(task).name
    done = table[table[target].str.strip() != ""]
    answers = done[target].tolist()
    if task.labels:
        answers = [_as_label(task, value) for value in answers]
    wrong = [
        f"row {position + 1}: {value!r}"
        for position, value in zip(done.index, answers, strict=True)
        if task.labels and value not in [*task.labels, NONE_OF_THESE]
    ]
    if wrong:
        raise UserError(
            f"{file}: {len(wrong)} answer(s) that the task does not allow: {'; '.join(wrong[:5])}. "
            f"Allowed: {', '.join([*task.labels, NONE_OF_THESE])}"
        )
    keys = [
        (match[1], int(match[2])) if (match := LATER_ANSWER.fullmatch(name)) else (name, 1)
        for name in done["id"]
    ]
    unknown = [
        f"row {position + 1}: {row_id}"
        for position, row_id, key in zip(done.index, done["id"], keys, strict=True)
        if key[0] not in pool_ids
    ]
    if unknown:
        shown = "; ".join(unknown[:5])
        raise UserError(
            f"{file}: {len(unknown)} answered row(s) have an id that no row of the pool has: {shown}. Their answers would be "
            "lost (a spreadsheet may have changed the ids): restore the right id, or remove the rows"
        )
    return dict(zip(keys, answers, strict=True))


def _as_label(task: Task, value: str) -> str:
    """Return an answer as the task spells its labels; `NONE_OF_THESE` for an answer that says that no label fits."""
    if is_none_of_these(task, value):
        return NONE_OF_THESE
    return value if value in task.labels else match_label(value, task.labels)


def count_waiting(task: Task) -> int:
    """Count the rows of the labels file that have no answer yet; 0 without a file.

    Raises:
        UserError: when the file lacks a column.
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
    """Write one answer to the labels file. A crash while writing leaves the earlier file intact.

    Args:
        task: The task.
        row_id: The id of the row in the file, `ID#2` for a second answer.
        value: The answer; an empty text removes the answer.

    Raises:
        UserError: when the task does not allow the answer, or the file has no such row.
    """
    if value and task.labels and value not in task.labels and not is_none_of_these(task, value):
        allowed = ", ".join([*task.labels, NONE_OF_THESE])
        raise UserError(f"{value!r} is no answer of task {task.name}; allowed: {allowed}")
    with FileLock(f"{label_file(task)}.lock", timeout=20):
        table = read_labels(task)
        is_row = table["id"] == row_id
        if not is_row.any():
            raise UserError(f"row {row_id} is not in the labels file")
        table.loc[is_row, task.target.field] = value
        write_spreadsheet(table, label_file(task))
