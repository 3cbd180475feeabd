"""The doors that a damaged file is handed to; each refuses it by a mistake of the user's, or takes it."""

from __future__ import annotations

import contextlib
from pathlib import Path

from veritrain_lib.core.errors import UserError
from veritrain_lib.reading.exports import unwrap
from veritrain_lib.reading.files import read_bytes
from veritrain_lib.reading.spreadsheet import unescape_table
from veritrain_lib.reading.table import Limits

LIMITS = Limits(unpacked=200_000_000)


def read_rows(folder: Path, name: str, content: bytes, turn: int) -> None:
    """Hand rows to one of: the reader with its three manners, an upload, people's answers, a new task, a task's file."""
    match turn % 5:
        case 0:
            table = read_bytes(name, content, LIMITS, header=turn % 2 == 0, skip_broken=turn % 3 == 0)
            for column in zip(*table.rows, strict=True):
                unwrap(column)
            if table.columns:
                unescape_table(table.frame(), table.columns[:1])
        case 1:
            from starlette.exceptions import HTTPException

            from veritrain_lib.server.resources.datasets.upload.reading import read_upload

            with contextlib.suppress(HTTPException):  # 415: another kind of file
                read_upload(name, content)
        case 2:
            from veritrain_lib.new_task.columns import choose_columns
            from veritrain_lib.new_task.label_spellings import merge_spellings
            from veritrain_lib.new_task.source_file import read_source_file

            source = _written(folder, name, content)
            found = read_source_file(source, header=None, skip_broken=turn % 2 == 0, requested=("data.text",))
            columns = choose_columns(found.rows.drop(columns=list(found.nested)), text=turn % 4 == 0)
            merge_spellings(found.rows[columns.target])
        case 3:
            from veritrain_lib.core.task import load_task
            from veritrain_lib.stages.generate.annotation import count_waiting, read_labels

            task = load_task(folder)
            labels = _written(folder, "labels.csv", content if name.endswith((".csv", ".tsv")) else b"id\n")
            try:
                count_waiting(task)
                read_labels(task)
            finally:
                labels.unlink()
        case 4:
            from veritrain_lib.core.rows import read_examples
            from veritrain_lib.core.task import load_task

            read_examples(load_task(folder), _written(folder, name, content), "human", answers=turn % 2 == 0)


def read_task(folder: Path, content: bytes) -> None:
    """Hand a task file to the loader."""
    from veritrain_lib.core.task import load_task

    load_task(_written(folder, "damaged.yaml", content))


def is_the_users(error: BaseException) -> bool:
    """Whether a failure ends a command with exit code 2."""
    return isinstance(error, UserError) and error.exit_code == 2


def _written(folder: Path, name: str, content: bytes) -> Path:
    file = folder / name
    file.write_bytes(content)
    return file
