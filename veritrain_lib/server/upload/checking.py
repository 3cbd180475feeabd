"""Rows for a task, whole or not at all: each wrong one is named by its number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from veritrain_lib.reading.exports import unwrap
from veritrain_lib.reading.forms import differs_only_in
from veritrain_lib.server.api.problems import FieldError
from veritrain_lib.server.upload.reading import Table, refuse

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.records import Source
    from veritrain_lib.core.task import Task

SOURCES = ("human", "synthetic", "pool")

UNVOUCHED: Source = "pool"
"""What rows from outside are, unless a model wrote them. Nobody here has vouched for them: the gate excuses rows of
source `human` from its rules, so a client that could call its rows that would pass any gate."""


def needed(task: Task) -> list[str]:
    """The columns that rows of a task must have."""
    return [*task.inputs, task.target.field]


def rows_of(task: Task, table: Table, kind: str = "") -> pd.DataFrame:
    """The rows as the rest of the workbench knows them.

    `kind` (human, synthetic, mixed or empty) says who wrote rows that do not say it themselves in a column `source`.
    People's are `UNVOUCHED`.
    Raises WrongFields for rows without an answer or with one that the task does not allow.
    """
    import pandas as pd

    from veritrain_lib.core.rows import as_examples

    table = _unwrapped(task, table)
    refuse(wrong_rows(task, table.records, "file.rows"))
    frame = pd.DataFrame(table.records, columns=table.columns).fillna("")
    rows = as_examples(task, frame, table.file, "synthetic" if kind == "synthetic" else UNVOUCHED)
    if "source" in frame.columns and frame["source"].isin(SOURCES).all():
        rows["source"] = [source_of(given) for given in frame["source"]]
    return rows


def _unwrapped(task: Task, table: Table) -> Table:
    """The table with single answers out of an annotation tool's lists and objects, where the task has labels; how many
    is noted. Raises WrongFields for rows with several."""
    target = task.target.field
    if not task.labels or target not in table.columns:
        return table
    at = [place for place, record in enumerate(table.records) if record[target] not in task.labels]
    found = unwrap([table.records[place][target] for place in at], [place + 1 for place in at])
    refuse(
        [FieldError(field=f"file.rows.{fault.row}.{target}", message=str(fault)) for fault in found.faults]
    )
    if not found.count:
        return table
    records = list(table.records)
    for place, value in zip(at, found.values, strict=True):
        records[place] = {**records[place], target: value}
    table.notes.append(f"{found.count} single answers in {target!r} are taken out of their lists or objects")
    return replace(table, records=records)


def source_of(given: str) -> Source:
    """The source of a row from outside, for what it says itself."""
    return "synthetic" if given == "synthetic" else UNVOUCHED


def wrong_rows(
    task: Task, records: Sequence[Mapping[str, str]], where: str, *, first: int = 1
) -> list[FieldError]:
    """What is wrong with rows, by number from `first`: an answer that is missing or that the task does not list.

    An input may be empty here: to turn such rows down, with a reason each, is the gate's work.
    """
    target, labels = task.target.field, task.labels
    wrong = []
    for number, record in enumerate(records, start=first):
        answer = record.get(target) or ""
        said = ""
        if not answer.strip():
            said = f"row {number}: no answer in {target!r}"
        elif labels and answer not in labels:
            shown = ", ".join(labels[:20]) + (", ..." if len(labels) > 20 else "")
            near = differs_only_in(answer, labels)
            said = f"row {number}: {answer[:60]!r}{near} is none of the task's answers: {shown}"
        if said:
            wrong.append(FieldError(field=f"{where}.{number}.{target}", message=said))
    return wrong
