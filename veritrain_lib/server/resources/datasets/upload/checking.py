"""Validation of uploaded rows against a task.

All rows are accepted or none, and each wrong row is named by its number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from veritrain_lib.reading.exports import unwrap
from veritrain_lib.reading.forms import near_label_hint
from veritrain_lib.server.http.problems import FieldError
from veritrain_lib.server.resources.datasets.upload.reading import UploadedTable, raise_row_errors

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.records import Source
    from veritrain_lib.core.task import Task

SOURCES = ("human", "synthetic", "pool")

EXTERNAL_SOURCE: Source = "pool"
"""Source of rows from outside, unless a model wrote them.

The gate exempts rows of source `human` from its rules, so a client that could label its rows that way would pass any
gate.
"""


def required_columns(task: Task) -> list[str]:
    """Return the columns that rows of a task must have."""
    return [*task.inputs, task.target.field]


def examples_from_table(task: Task, table: UploadedTable, row_type: str = "") -> pd.DataFrame:
    """Return the rows of a table as examples of a task.

    Args:
        task: Task of the rows.
        table: Uploaded table.
        row_type: human, synthetic, mixed or empty: who wrote the rows that have no column `source`. Rows of people get
            `EXTERNAL_SOURCE`.

    Raises:
        WrongFields: Rows without an answer, or with an answer that the task does not allow.
    """
    import pandas as pd

    from veritrain_lib.core.rows import as_examples

    table = _unwrap_single_answers(task, table)
    raise_row_errors(row_errors(task, table.records, "file.rows"))
    frame = pd.DataFrame(table.records, columns=table.columns).fillna("")
    rows = as_examples(task, frame, table.file, "synthetic" if row_type == "synthetic" else EXTERNAL_SOURCE)
    if "source" in frame.columns and frame["source"].isin(SOURCES).all():
        rows["source"] = [row_source(source) for source in frame["source"]]
    return rows


def _unwrap_single_answers(task: Task, table: UploadedTable) -> UploadedTable:
    """Return the table with single answers taken out of an annotation tool's lists and objects.

    Only tables of tasks with labels are changed. The number of such answers is added to the notes. Raises WrongFields for
    rows with several answers.
    """
    target = task.target.field
    if not task.labels or target not in table.columns:
        return table
    positions = [
        position for position, record in enumerate(table.records) if record[target] not in task.labels
    ]
    unwrapped = unwrap(
        [table.records[position][target] for position in positions], [position + 1 for position in positions]
    )
    raise_row_errors(
        [
            FieldError(field=f"file.rows.{fault.row}.{target}", message=str(fault))
            for fault in unwrapped.faults
        ]
    )
    if not unwrapped.count:
        return table
    records = list(table.records)
    for position, value in zip(positions, unwrapped.values, strict=True):
        records[position] = {**records[position], target: value}
    table.notes.append(
        f"{unwrapped.count} single answers in {target!r} were taken out of their lists or objects"
    )
    return replace(table, records=records)


def row_source(source: str) -> Source:
    """Return the source of a row from outside, given the source that it claims."""
    return "synthetic" if source == "synthetic" else EXTERNAL_SOURCE


def row_errors(
    task: Task, records: Sequence[Mapping[str, str]], field_prefix: str, *, first: int = 1
) -> list[FieldError]:
    """Return the errors of rows whose answer is missing or not among the task's labels.

    An input may be empty here: rejecting such rows, with a reason each, is the task of the gate.

    Args:
        task: Task of the rows.
        records: The rows.
        field_prefix: Path of the rows in the request body, for the error messages.
        first: Number of the first row.
    """
    target, labels = task.target.field, task.labels
    errors = []
    for number, record in enumerate(records, start=first):
        answer = record.get(target) or ""
        message = ""
        if not answer.strip():
            message = f"row {number}: no answer in {target!r}"
        elif labels and answer not in labels:
            allowed = ", ".join(labels[:20]) + (", ..." if len(labels) > 20 else "")
            hint = near_label_hint(answer, labels)
            message = f"row {number}: {answer[:60]!r}{hint} is none of the task's answers: {allowed}"
        if message:
            errors.append(FieldError(field=f"{field_prefix}.{number}.{target}", message=message))
    return errors
