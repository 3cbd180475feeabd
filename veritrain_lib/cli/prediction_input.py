"""Rows that `veritrain predict` answers: one row typed on the command line, or the rows of a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task


def typed_row(task: Task, text: str | None, inputs: tuple[str, ...]) -> pd.DataFrame:
    """Return a table with the one row that was typed on the command line.

    Args:
        task: The task.
        text: Text of the only input; None if `inputs` has the row.
        inputs: The inputs as texts NAME=VALUE.

    Raises:
        UserError: An input is unknown, given twice or missing.
    """
    import pandas as pd

    names = list(task.inputs)
    if text is not None:
        if len(names) > 1:
            options = " ".join(f"--input {name}=..." for name in names)
            raise UserError(f"task {task.name} has {len(names)} input fields; write {options}")
        return pd.DataFrame({names[0]: [text]})
    values: dict[str, str] = {}
    for assignment in inputs:
        name, equals, value = assignment.partition("=")
        if not equals or name not in names or name in values:
            raise UserError(
                f"--input {assignment!r}: write NAME=VALUE, each field once; the fields are {', '.join(names)}"
            )
        values[name] = value
    missing = [name for name in names if name not in values]
    if missing:
        raise UserError(
            f"the input field(s) {', '.join(missing)} of task {task.name} are missing; add --input {missing[0]}=..."
        )
    return pd.DataFrame({name: [values[name]] for name in names})


def file_rows(task: Task, file: Path) -> pd.DataFrame:
    """Return the input columns of a file's rows as texts, and print notes on how the file was read to standard error.

    Raises:
        UserError: The file can't be read, a column is missing, or there are no rows.
    """
    from veritrain_lib.reading.files import read_file
    from veritrain_lib.reading.header import missing_header_hint

    content = read_file(file)
    for note in content.notes:
        click.echo(note, err=True)
    table = content.frame()
    missing = [name for name in task.inputs if name not in table.columns]
    if missing:
        columns = ", ".join(map(str, table.columns)) or "none"
        raise UserError(
            f"{file.name} lacks the input column(s) {', '.join(missing)} of task {task.name}; it has: {columns}"
            + missing_header_hint(table)
        )
    if not len(table):
        raise UserError(f"{file.name} holds no rows")
    return table[list(task.inputs)].astype(str)
