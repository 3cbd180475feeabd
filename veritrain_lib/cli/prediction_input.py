"""What a model is asked: one row typed at the command line, or the rows of a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task


def typed_row(task: Task, text: str | None, inputs: tuple[str, ...]) -> pd.DataFrame:
    """One row from a text or from NAME=VALUE texts.

    Raises UserError when a field is unknown, given twice or missing.
    """
    import pandas as pd

    names = list(task.inputs)
    if text is not None:
        if len(names) > 1:
            wanted = " ".join(f"--input {name}=..." for name in names)
            raise UserError(f"task {task.name} has {len(names)} input fields; write {wanted}")
        return pd.DataFrame({names[0]: [text]})
    given: dict[str, str] = {}
    for item in inputs:
        name, equals, value = item.partition("=")
        if not equals or name not in names or name in given:
            raise UserError(
                f"--input {item!r}: write NAME=VALUE, each field once; the fields are {', '.join(names)}"
            )
        given[name] = value
    absent = [name for name in names if name not in given]
    if absent:
        raise UserError(
            f"the input field(s) {', '.join(absent)} of task {task.name} are missing; add --input {absent[0]}=..."
        )
    return pd.DataFrame({name: [given[name]] for name in names})


def file_rows(task: Task, file: Path) -> pd.DataFrame:
    """The input columns of a file's rows; what is worth saying of how it was read goes to standard error.

    Raises UserError for a file that can't be read, when a column is missing, or there are no rows.
    """
    from veritrain_lib.reading.files import read_file
    from veritrain_lib.reading.header import looks_headless

    found = read_file(file)
    for note in found.notes:
        click.echo(note, err=True)
    table = found.frame()
    absent = [name for name in task.inputs if name not in table.columns]
    if absent:
        there = ", ".join(map(str, table.columns)) or "none"
        raise UserError(
            f"{file.name} lacks the input column(s) {', '.join(absent)} of task {task.name}; it has: {there}"
            + looks_headless(table)
        )
    if not len(table):
        raise UserError(f"{file.name} holds no rows")
    return table[list(task.inputs)].astype(str)
