"""Check of a task's data files: they must have the task's columns, valid answers and at least one row.

The files are read in the same way as the stages read them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError
from veritrain_lib.core.rows import as_examples, read_table
from veritrain_lib.task_file.files import invalid_file_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from veritrain_lib.core.records import Source
    from veritrain_lib.core.task import Task
    from veritrain_lib.yaml_file.document import Mistake, YamlDocument

MAX_READ_BYTES = 50_000_000
"""Largest size in bytes of a data file that is checked; larger files are checked only when a stage reads them."""


def row_mistakes(task: Task, document: YamlDocument) -> Iterator[Mistake]:
    """Yield the mistakes in a task's data files, each at the line of the task file that names the data file."""
    sources: dict[str, Source] = {"seed": "human", "development": "human", "test": "human", "pool": "pool"}
    tables: dict[str, pd.DataFrame] = {}
    for kind, source in sources.items():
        if getattr(task.data, kind) is None or invalid_file_name(getattr(task.data, kind)):
            continue  # invalid names are reported with the files
        file = task.file(kind)  # type: ignore[arg-type]
        if file is None or not file.is_file() or file.stat().st_size > MAX_READ_BYTES:
            continue
        try:
            tables[kind] = read_table(file)
            answers = kind != "pool" or task.target.field in tables[kind].columns
            as_examples(task, tables[kind], file.name, source, answers=answers)
        except UserError as error:
            yield document.mistake(("data", kind), str(error))
            continue
        if not len(tables[kind]):
            yield document.mistake(("data", kind), f"{file.name} holds no rows")
    yield from _columns(task, document, tables)


def _columns(task: Task, document: YamlDocument, tables: dict[str, pd.DataFrame]) -> Iterator[Mistake]:
    """Yield a mistake for each missing column of slices or translation directions.

    Columns of slices must be in the development and test rows, the column of directions in all rows.
    """
    for number, name in enumerate(task.slices.by):
        held_out = [kind for kind in tables if kind in ("development", "test")]
        missing_in = [kind for kind in held_out if name not in tables[kind].columns]
        if missing_in:
            available = ", ".join(map(str, tables[missing_in[0]].columns))
            yield document.mistake(
                ("slices", "by", number),
                f"slices.by names {name!r}, which is not a column of the {' and '.join(missing_in)} rows; they have: {available}",
            )
    if task.target.direction:
        missing_in = [kind for kind, table in tables.items() if task.target.direction not in table.columns]
        if missing_in:
            yield document.mistake(
                ("target", "direction"),
                f"{task.target.direction!r} is not a column of the {' and '.join(missing_in)} rows",
            )
