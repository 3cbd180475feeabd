"""Rows of a dataset's next version: rows are left out, changed or added, and checked like uploaded rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from veritrain_lib.server.http.problems import FieldError, WrongFields
from veritrain_lib.server.resources.datasets.upload.checking import (
    EXTERNAL_SOURCE,
    SOURCES,
    required_columns,
    row_errors,
    row_source,
)
from veritrain_lib.server.resources.datasets.upload.filing import empty_table

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.server.resources.datasets.requests import DatasetModifications

BODY_FIELD = "body.modifications"
"""Path of the modifications in the request body, for error messages."""


def apply_modifications(
    task: Task, rows: pd.DataFrame, reference: str, modifications: DatasetModifications
) -> pd.DataFrame:
    """Return the rows of a dataset's next version.

    Args:
        task: Task of the rows.
        rows: Rows of the present version.
        reference: Name (NAME@VERSION) of the present version, for the provenance of changed and new rows.
        modifications: Rows to leave out, change and add.

    Raises:
        WrongFields: Nothing is modified, an id or a column is unknown, or a row is wrong; each error has its path in
            the request body.
    """
    import pandas as pd

    if not (modifications.drop_ids or modifications.edit or modifications.add):
        raise WrongFields(
            "nothing is modified; send drop_ids, edit or add",
            [FieldError(field=BODY_FIELD, message="is empty")],
        )
    _raise_errors(_unknown_ids(rows, modifications) + _unknown_fields(task, modifications))
    kept = rows[~rows["id"].isin(modifications.drop_ids)].reset_index(drop=True)
    kept = _edited(task, kept, reference, modifications.edit)
    added = _added(task, reference, modifications.add)
    return pd.concat([kept, added], ignore_index=True)[list(empty_table(task).columns)]


def _unknown_ids(rows: pd.DataFrame, modifications: DatasetModifications) -> list[FieldError]:
    """Return an error for each id in the modifications that the dataset lacks, or that they change and remove."""
    row_ids = set(rows["id"])
    errors = [
        FieldError(field=f"{BODY_FIELD}.drop_ids.{position}", message=f"there is no row {row_id!r}")
        for position, row_id in enumerate(modifications.drop_ids)
        if row_id not in row_ids
    ]
    dropped = set(modifications.drop_ids)
    for position, change in enumerate(modifications.edit):
        row_id = change.get("id", "")
        if row_id not in row_ids or row_id in dropped:
            message = f"there is no row {row_id!r}" if row_id else "has no id"
            errors.append(FieldError(field=f"{BODY_FIELD}.edit.{position}.id", message=message))
    return errors


def _unknown_fields(task: Task, modifications: DatasetModifications) -> list[FieldError]:
    """Return an error for each column in the modifications that the task does not have or a new row lacks."""
    errors = []
    for kind, changes, extra_fields in (
        ("edit", modifications.edit, {"id"}),
        ("add", modifications.add, {"source"}),
    ):
        for position, change in enumerate(changes):
            for name in sorted(set(change) - set(task.columns) - extra_fields):
                message = f"{name!r} is not a column of task {task.name}: {', '.join(task.columns)}"
                errors.append(FieldError(field=f"{BODY_FIELD}.{kind}.{position}.{name}", message=message))
    for position, row in enumerate(modifications.add):
        for name in required_columns(task):
            if name not in row:
                errors.append(FieldError(field=f"{BODY_FIELD}.add.{position}.{name}", message="is missing"))
        if row.get("source", "human") not in SOURCES:
            message = f"allowed: {', '.join(SOURCES)}"
            errors.append(FieldError(field=f"{BODY_FIELD}.add.{position}.source", message=message))
    return errors


def _edited(task: Task, rows: pd.DataFrame, reference: str, changes: list[dict[str, str]]) -> pd.DataFrame:
    """Return the rows with a client's changes; changed rows get a new provenance, and ids are computed again."""
    from veritrain_lib.core.digest import of_example

    if not changes:
        return rows
    rows = rows.copy()
    records = []
    for change in changes:
        edited_rows = rows.index[rows["id"] == change["id"]]
        for name, value in change.items():
            if name != "id":
                rows.loc[edited_rows, name] = value
        rows.loc[edited_rows, "provenance"] = json.dumps(
            {"edited": change["id"], "in": reference, "fields": sorted(set(change) - {"id"})},
            ensure_ascii=False,
        )
        rows.loc[edited_rows, "source"] = [row_source(source) for source in rows.loc[edited_rows, "source"]]
        records.append({name: str(rows.loc[edited_rows[0], name]) for name in task.columns})
    _raise_errors(row_errors(task, records, f"{BODY_FIELD}.edit", first=0))
    rows["id"] = [
        of_example(dict(zip(task.inputs, values, strict=True)))
        for values in rows[list(task.inputs)].itertuples(index=False)
    ]
    return rows


def _added(task: Task, reference: str, new_rows: list[dict[str, str]]) -> pd.DataFrame:
    """Return a client's new rows as examples of the task."""
    import pandas as pd

    from veritrain_lib.core.rows import as_examples

    if not new_rows:
        return empty_table(task)
    _raise_errors(row_errors(task, new_rows, f"{BODY_FIELD}.add", first=0))
    rows = as_examples(task, pd.DataFrame(new_rows).fillna(""), f"added to {reference}", EXTERNAL_SOURCE)
    rows["source"] = [row_source(row.get("source", "")) for row in new_rows]
    return rows


def _raise_errors(errors: list[FieldError]) -> None:
    """Raise WrongFields if there are errors; the first five are in its message, the first 20 in its list."""
    if errors:
        messages = "; ".join(f"{error.field.removeprefix('body.')}: {error.message}" for error in errors[:5])
        raise WrongFields(messages, errors[:20])
