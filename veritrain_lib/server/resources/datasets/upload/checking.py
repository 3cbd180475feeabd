"""Check of uploaded rows against a task: columns, answers, and who wrote the rows.

If one row is wrong, no row is accepted; each wrong row is named by its number.
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
"""Sources that an uploaded row may name in its column `source`."""

EXTERNAL_SOURCE: Source = "pool"
"""Source that uploaded rows get, unless a model wrote them.

It is not `human`: the quality gate exempts human rows from its rules, so a client could pass any gate by calling its
rows human.
"""


def required_columns(task: Task) -> list[str]:
    """Return the columns that an uploaded file must have for a task: its inputs and its answer."""
    return [*task.inputs, task.target.field]


def examples_from_table(task: Task, table: UploadedTable, row_type: str = "") -> pd.DataFrame:
    """Check the rows of an uploaded table and convert them to examples of a task.

    Args:
        task: Task of the rows.
        table: Uploaded table.
        row_type: Who wrote the rows if the table has no column `source`: `human`, `synthetic`, `mixed`, or empty if not
            known. Only `synthetic` is kept; for any other value, the rows get the source `pool`.

    Returns:
        Table of the task's columns with `id`, `source` and `provenance`.

    Raises:
        WrongFields: Rows have no answer, several answers, or an answer that the task does not allow.
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
    """Replace answers that an annotation tool has exported as a list or object of one answer by that answer.

    Only tables of tasks with labels are changed. A remark with the number of replaced answers is added to the table's
    notes.

    Raises:
        WrongFields: A row has several answers.
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
    """Return the source under which an uploaded row is stored: `synthetic` if the row names that, otherwise `pool`.

    It is never `human`, because the quality gate exempts human rows from its rules.
    """
    return "synthetic" if source == "synthetic" else EXTERNAL_SOURCE


def row_errors(
    task: Task, records: Sequence[Mapping[str, str]], field_prefix: str, *, first: int = 1
) -> list[FieldError]:
    """Return an error for each uploaded row whose answer is missing or none of the task's labels.

    An empty input is not an error here, since the quality gate rejects such rows with a reason.

    Args:
        task: Task of the rows.
        records: The rows, as texts by column.
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
