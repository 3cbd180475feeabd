"""The rows of a task: read as every stage reads them, with the columns, answers and slices that the task names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError
from veritrain_lib.core.rows import as_examples, read_table
from veritrain_lib.task_file.files import no_file_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from veritrain_lib.core.records import Source
    from veritrain_lib.core.task import Task
    from veritrain_lib.yaml_file.document import Document, Mistake

LARGEST_READ = 50_000_000
"""Bytes of a file that is read for the check; a larger one is left to the stages, which take as long for it anyway."""


def row_mistakes(task: Task, document: Document) -> Iterator[Mistake]:
    """What is wrong with the data files, by the line of the task file that names them."""
    sources: dict[str, Source] = {"seed": "human", "development": "human", "test": "human", "pool": "pool"}
    tables: dict[str, pd.DataFrame] = {}
    for kind, source in sources.items():
        if getattr(task.data, kind) is None or no_file_name(getattr(task.data, kind)):
            continue  # the latter is told with the files
        file = task.file(kind)  # type: ignore[arg-type]
        if file is None or not file.is_file() or file.stat().st_size > LARGEST_READ:
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


def _columns(task: Task, document: Document, tables: dict[str, pd.DataFrame]) -> Iterator[Mistake]:
    """Columns beside inputs and answers: slices are cut from held-out rows, directions are read from all."""
    for number, name in enumerate(task.slices.by):
        held_out = [kind for kind in tables if kind in ("development", "test")]
        lacking = [kind for kind in held_out if name not in tables[kind].columns]
        if lacking:
            there = ", ".join(map(str, tables[lacking[0]].columns))
            yield document.mistake(
                ("slices", "by", number),
                f"slices.by names {name!r}, which is no column of the {' and '.join(lacking)} rows; they have: {there}",
            )
    if task.target.direction:
        lacking = [kind for kind, table in tables.items() if task.target.direction not in table.columns]
        if lacking:
            yield document.mistake(
                ("target", "direction"),
                f"{task.target.direction!r} is no column of the {' and '.join(lacking)} rows",
            )
