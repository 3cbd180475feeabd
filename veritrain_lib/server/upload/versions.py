"""The next version of a dataset: rows left out, changed or added, each checked as an upload's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from veritrain_lib.server.api.problems import FieldError, WrongFields
from veritrain_lib.server.upload.checking import SOURCES, UNVOUCHED, needed, source_of, wrong_rows
from veritrain_lib.server.upload.filing import no_rows

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.server.api.dataset_schemas import Modifications

WHERE = "body.modifications"


def modified(task: Task, rows: pd.DataFrame, reference: str, wanted: Modifications) -> pd.DataFrame:
    """The rows of dataset `reference` after the modifications.

    Raises WrongFields for nothing to do, unknown ids and fields, and wrong rows, each by its place in the body.
    """
    import pandas as pd

    if not (wanted.drop_ids or wanted.edit or wanted.add):
        raise WrongFields(
            "nothing is modified; give drop_ids, edit or add",
            [FieldError(field=WHERE, message="is empty")],
        )
    _refuse(_unknown_ids(rows, wanted) + _unknown_fields(task, wanted))
    kept = rows[~rows["id"].isin(wanted.drop_ids)].reset_index(drop=True)
    kept = _edited(task, kept, reference, wanted.edit)
    added = _added(task, reference, wanted.add)
    return pd.concat([kept, added], ignore_index=True)[list(no_rows(task).columns)]


def _unknown_ids(rows: pd.DataFrame, wanted: Modifications) -> list[FieldError]:
    known = set(rows["id"])
    wrong = [
        FieldError(field=f"{WHERE}.drop_ids.{at}", message=f"there is no row {row_id!r}")
        for at, row_id in enumerate(wanted.drop_ids)
        if row_id not in known
    ]
    gone = set(wanted.drop_ids)
    for at, change in enumerate(wanted.edit):
        row_id = change.get("id", "")
        if row_id not in known or row_id in gone:
            said = f"there is no row {row_id!r}" if row_id else "says no id"
            wrong.append(FieldError(field=f"{WHERE}.edit.{at}.id", message=said))
    return wrong


def _unknown_fields(task: Task, wanted: Modifications) -> list[FieldError]:
    wrong = []
    for kind, changes, also in (("edit", wanted.edit, {"id"}), ("add", wanted.add, {"source"})):
        for at, change in enumerate(changes):
            for name in sorted(set(change) - set(task.columns) - also):
                said = f"{name!r} is no column of task {task.name}: {', '.join(task.columns)}"
                wrong.append(FieldError(field=f"{WHERE}.{kind}.{at}.{name}", message=said))
    for at, row in enumerate(wanted.add):
        for name in needed(task):
            if name not in row:
                wrong.append(FieldError(field=f"{WHERE}.add.{at}.{name}", message="is missing"))
        if row.get("source", "human") not in SOURCES:
            said = f"allowed: {', '.join(SOURCES)}"
            wrong.append(FieldError(field=f"{WHERE}.add.{at}.source", message=said))
    return wrong


def _edited(task: Task, rows: pd.DataFrame, reference: str, changes: list[dict[str, str]]) -> pd.DataFrame:
    from veritrain_lib.core.digest import of_example

    if not changes:
        return rows
    rows = rows.copy()
    records = []
    for change in changes:
        own = rows.index[rows["id"] == change["id"]]
        for name, value in change.items():
            if name != "id":
                rows.loc[own, name] = value
        rows.loc[own, "provenance"] = json.dumps(
            {"edited": change["id"], "in": reference, "fields": sorted(set(change) - {"id"})},
            ensure_ascii=False,
        )
        rows.loc[own, "source"] = [source_of(source) for source in rows.loc[own, "source"]]
        records.append({name: str(rows.loc[own[0], name]) for name in task.columns})
    _refuse(wrong_rows(task, records, f"{WHERE}.edit", first=0))
    rows["id"] = [
        of_example(dict(zip(task.inputs, values, strict=True)))
        for values in rows[list(task.inputs)].itertuples(index=False)
    ]
    return rows


def _added(task: Task, reference: str, given: list[dict[str, str]]) -> pd.DataFrame:
    import pandas as pd

    from veritrain_lib.core.rows import as_examples

    if not given:
        return no_rows(task)
    _refuse(wrong_rows(task, given, f"{WHERE}.add", first=0))
    rows = as_examples(task, pd.DataFrame(given).fillna(""), f"added to {reference}", UNVOUCHED)
    rows["source"] = [source_of(row.get("source", "")) for row in given]
    return rows


def _refuse(wrong: list[FieldError]) -> None:
    if wrong:
        said = "; ".join(f"{one.field.removeprefix('body.')}: {one.message}" for one in wrong[:5])
        raise WrongFields(said, wrong[:20])
