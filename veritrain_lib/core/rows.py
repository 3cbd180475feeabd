"""A user's files as rows of a task: read by `reading`, checked against the task, with an id for every row."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from veritrain_lib.core.digest import of_example
from veritrain_lib.core.errors import UserError
from veritrain_lib.reading.exports import unwrap
from veritrain_lib.reading.fault import refuse_rows
from veritrain_lib.reading.files import read_file
from veritrain_lib.reading.forms import differs_only_in
from veritrain_lib.reading.header import looks_headless

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from veritrain_lib.core.records import Source
    from veritrain_lib.core.task import Task


def read_table(path: Path) -> pd.DataFrame:
    """Every row of a file as text; an absent value is the empty text.

    Raises UserError as `reading.files.read_file` does, with the number of each wrong row (the first row after the
    header is 1).
    """
    return read_file(path).frame()


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
            + looks_headless(table)
        )
    if answers and task.labels:
        table = table.assign(**{task.target.field: listed_answers(task, table[task.target.field], name)})
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


def listed_answers(task: Task, answers: pd.Series[str], name: str) -> pd.Series[str]:
    """The answers of a task with labels, a single one taken out of an annotation tool's list or object.

    The index is the row's place in the file called `name`. Raises UserError for a row with several answers, or one
    that the task does not list (the empty text is none).
    """
    import pandas as pd

    wrong = ~answers.isin([*task.labels, ""])
    if not wrong.any():
        return answers
    places = [int(place) for place in answers.index[wrong]]
    found = unwrap(answers[wrong].tolist(), [place + 1 for place in places])
    refuse_rows(name, found.faults, "Settle on one answer a row, and export again")
    taken = dict(zip(places, found.values, strict=True))
    answers = pd.Series(
        [taken.get(int(place), answer) for place, answer in zip(answers.index, answers, strict=True)],
        index=answers.index,
        dtype=str,
    )
    still = {place: str(answers[place]) for place in places if answers[place] not in ("", *task.labels)}
    if still:
        shown = "; ".join(
            f"row {place + 1}: {answer[:80]!r}{differs_only_in(answer, task.labels)}"
            for place, answer in list(still.items())[:5]
        )
        raise UserError(
            f"{name}: {len(still)} label(s) that the task does not list: {shown}. Allowed: {', '.join(task.labels)}"
        )
    return answers


def length(texts: pd.Series[str]) -> pd.Series[int]:
    """Length in words; text of a script without spaces counts two characters as a word."""
    spaced = texts.map(lambda text: len(text.split()))
    dense = texts.str.count(r"[\u3040-\u30ff\u4e00-\u9fff]") // 2
    return spaced + dense
