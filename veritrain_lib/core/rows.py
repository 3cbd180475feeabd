"""Conversion of a task's data files to rows: checked against the task, with an id for every row."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from veritrain_lib.core.digest import of_example
from veritrain_lib.core.errors import UserError
from veritrain_lib.reading.exports import unwrap
from veritrain_lib.reading.fault import reject_rows
from veritrain_lib.reading.files import read_file
from veritrain_lib.reading.forms import canonical, match_label, near_label_hint
from veritrain_lib.reading.header import missing_header_hint

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import pandas as pd

    from veritrain_lib.core.records import Source
    from veritrain_lib.core.task import Task


NONE_OF_THESE = "none of these"
"""Answer of people to a row that has none of the task's labels; a task may have a label of this name, which then is one."""


def is_none_of_these(task: Task, answer: str) -> bool:
    """Return whether an answer says that none of the task's labels fits, however it is spelled (case, width, blanks)."""
    return (
        bool(task.labels)
        and answer not in task.labels
        and canonical(answer).casefold() == NONE_OF_THESE
        and match_label(answer, task.labels) == answer
    )


def read_table(path: Path) -> pd.DataFrame:
    """Read a data file as a table of texts; a missing value is an empty text.

    Raises:
        UserError: The file can't be read (see `reading.files.read_file`); the message names the invalid rows, where the
            first row after the header is 1.
    """
    return read_file(path).frame()


def read_examples(task: Task, path: Path, source: Source, *, answers: bool = True) -> pd.DataFrame:
    """Read a data file as rows of a task.

    The columns are `id`, the task's columns, `source` and `provenance`.

    Args:
        task: The task.
        path: The file.
        source: Origin of the rows, stored in the column `source`.
        answers: Whether to read the target column; if False it is left empty, as for a pool, whose labels stay hidden
            until a row is chosen. A pool's answer `NONE_OF_THESE` is read as the empty text.

    Raises:
        UserError: The file can't be read, a column is missing, or (with answers) a row has several labels or one that is
            not one of the task's.
    """
    return as_examples(task, read_table(path), path.name, source, answers=answers)


def as_examples(
    task: Task, table: pd.DataFrame, name: str, source: Source, *, answers: bool = True
) -> pd.DataFrame:
    """Convert a table that was read from a data file to rows of a task.

    Args:
        task: The task.
        table: The table.
        name: Name of the file, for `provenance` and errors.
        source: Origin of the rows.
        answers: Whether to read the target column; see `read_examples`.

    Raises:
        UserError: A column is missing, or (with answers) a row has several labels or one that is not one of the task's.
    """
    import pandas as pd

    needed = [*task.inputs, *([task.target.field] if answers else [])]
    missing = [column for column in needed if column not in table.columns]
    if missing:
        raise UserError(
            f"{name} lacks the column(s) {', '.join(missing)}; it has: {', '.join(map(str, table.columns)) or 'none'}"
            + missing_header_hint(table)
        )
    if answers and task.labels:
        given = table[task.target.field]
        if source == "pool":
            given = given.where(~_says_none(task, given), "")
        table = table.assign(**{task.target.field: single_answers(task, given, name)})
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


def single_answers_or_none(task: Task, answers: pd.Series[str], name: str) -> pd.Series[str]:
    """Check that every answer is a single label or says that no label fits, and return the answers as plain texts.

    An answer that says that no label fits is returned as `NONE_OF_THESE`, however it is spelled; all others as by
    `single_answers`.

    Args:
        task: The task.
        answers: The answers, by position of the row in the file.
        name: Name of the file, for errors.

    Raises:
        UserError: A row has several answers, or one that the task does not list (an empty text means no answer).
    """
    none = _says_none(task, answers)
    found: pd.Series[str] = single_answers(task, answers.where(~none, ""), name).where(~none, NONE_OF_THESE)
    return found


def _says_none(task: Task, answers: pd.Series[str]) -> np.ndarray:
    """Return which answers say that no label fits; each spelling is looked at once."""
    none = [answer for answer in answers.unique() if is_none_of_these(task, str(answer))]
    says: np.ndarray = answers.isin(none).to_numpy(dtype=bool)
    return says


def single_answers(task: Task, answers: pd.Series[str], name: str) -> pd.Series[str]:
    """Check that every answer of a task with labels is a single label, and return the answers as plain texts.

    An answer that an annotation tool has exported as a list or object with one label is converted to that label.

    Args:
        task: The task.
        answers: The answers, by position of the row in the file.
        name: Name of the file, for errors.

    Raises:
        UserError: A row has several answers, or one that the task does not list (an empty text means no answer).
    """
    import pandas as pd

    wrong = ~answers.isin([*task.labels, ""])
    if not wrong.any():
        return answers
    positions = [int(position) for position in answers.index[wrong]]
    unwrapped = unwrap(answers[wrong].tolist(), [position + 1 for position in positions])
    reject_rows(name, unwrapped.faults, "Settle on one answer a row, and export again")
    by_position = dict(zip(positions, unwrapped.values, strict=True))
    answers = pd.Series(
        [
            by_position.get(int(position), answer)
            for position, answer in zip(answers.index, answers, strict=True)
        ],
        index=answers.index,
        dtype=str,
    )
    invalid = {
        position: str(answers[position])
        for position in positions
        if answers[position] not in ("", *task.labels)
    }
    if invalid:
        shown = "; ".join(
            f"row {position + 1}: {answer[:80]!r}{near_label_hint(answer, task.labels)}"
            for position, answer in list(invalid.items())[:5]
        )
        raise UserError(
            f"{name}: {len(invalid)} label(s) that the task does not list: {shown}. Allowed: {', '.join(task.labels)}"
        )
    return answers


def length(texts: pd.Series[str]) -> pd.Series[int]:
    """Return the length of each text in words; in scripts without spaces, two characters count as a word."""
    spaced_words = texts.map(lambda text: len(text.split()))
    dense_words = texts.str.count(r"[\u3040-\u30ff\u4e00-\u9fff]") // 2
    return spaced_words + dense_words
