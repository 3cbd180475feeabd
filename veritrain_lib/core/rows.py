"""Data files as rows of a task: read by `reading`, checked against the task, with an id for every row."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from veritrain_lib.core.digest import of_example
from veritrain_lib.core.errors import UserError
from veritrain_lib.reading.exports import unwrap
from veritrain_lib.reading.fault import reject_rows
from veritrain_lib.reading.files import read_file
from veritrain_lib.reading.forms import near_label_hint
from veritrain_lib.reading.header import missing_header_hint

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from veritrain_lib.core.records import Source
    from veritrain_lib.core.task import Task


def read_table(path: Path) -> pd.DataFrame:
    """Read every row of a file as text; a missing value is the empty text.

    Raises:
        UserError: As for `reading.files.read_file`, with the number of each invalid row (the first row after the header
            is 1).
    """
    return read_file(path).frame()


def read_examples(task: Task, path: Path, source: Source, *, answers: bool = True) -> pd.DataFrame:
    """Read the rows of a data file in the form that all packages use.

    Columns: `id`, the task's columns, `source`, `provenance`. With `answers=False` the target column is left
    empty, whatever the file says: a pool's labels stay hidden until a row is chosen.

    Raises:
        UserError: A column is missing, or (with answers) a label is not one of the task's.
    """
    return as_examples(task, read_table(path), path.name, source, answers=answers)


def as_examples(
    task: Task, table: pd.DataFrame, name: str, source: Source, *, answers: bool = True
) -> pd.DataFrame:
    """Convert a table of texts that was read from a file called `name`, as `read_examples` does."""
    import pandas as pd

    needed = [*task.inputs, *([task.target.field] if answers else [])]
    missing = [column for column in needed if column not in table.columns]
    if missing:
        raise UserError(
            f"{name} lacks the column(s) {', '.join(missing)}; it has: {', '.join(map(str, table.columns)) or 'none'}"
            + missing_header_hint(table)
        )
    if answers and task.labels:
        table = table.assign(**{task.target.field: single_answers(task, table[task.target.field], name)})
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


def single_answers(task: Task, answers: pd.Series[str], name: str) -> pd.Series[str]:
    """Return the answers of a task with labels.

    A single answer is unwrapped from an annotation tool's list or object.

    The index is the row's position in the file called `name`.

    Raises:
        UserError: A row has several answers, or one that the task does not list (the empty text means no answer).
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
    """Return the length in words; in scripts without spaces two characters count as a word."""
    spaced_words = texts.map(lambda text: len(text.split()))
    dense_words = texts.str.count(r"[\u3040-\u30ff\u4e00-\u9fff]") // 2
    return spaced_words + dense_words
