"""Check and description of rows that a notebook's cell passes to a stage in place of the stage's own rows.

Open this to see which columns such a DataFrame must have, and how MLflow's record describes what was changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.core import digest
from veritrain_lib.core.errors import UserError
from veritrain_lib.stages.base import Inputs

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task


def with_rows(task: Task, inputs: Inputs, name: str, own: pd.DataFrame, rows: pd.DataFrame) -> Inputs:
    """Return a stage's inputs with other rows in place of its own, or the same inputs when the rows are equal.

    The id of each row is computed again, because it is the digest of the row's input text.

    Args:
        task: The task.
        inputs: The inputs that the stage found itself.
        name: The name of the input to replace, such as `rows`.
        own: The rows that the stage found itself.
        rows: The rows that the notebook's cell passed.

    Raises:
        UserError: when a column is missing or unknown, or a value is missing where the stage's own rows have one.
    """
    own = own.reset_index(drop=True)
    if set(rows.columns) != set(own.columns):
        raise UserError(
            f"the rows have the columns {', '.join(map(str, rows.columns))}; needed are: {', '.join(own.columns)}"
        )
    rows = rows[list(own.columns)].reset_index(drop=True)
    if rows.equals(own):
        return inputs
    absent = [column for column in own.columns if rows[column].isna().any() and not own[column].isna().any()]
    if absent:
        raise UserError(
            f"the rows have missing values in {', '.join(absent)}; remove these rows, or fill in a text"
        )
    rows["id"] = [
        digest.of_example(dict(zip(task.inputs, values, strict=True)))
        for values in rows[list(task.inputs)].itertuples(index=False)
    ]
    return inputs.with_edit(name, rows, digest.of_rows(rows), _describe_rows(own, rows))


def _describe_rows(own: pd.DataFrame, rows: pd.DataFrame) -> str:
    from collections import Counter

    before, after = (Counter(frame.astype(str).itertuples(index=False, name=None)) for frame in (own, rows))
    removed, added = (before - after).total(), (after - before).total()
    counts = [f"{removed} removed"] * bool(removed) + [f"{added} added or changed"] * bool(added)
    return f"{len(own)} -> {len(rows)} ({', '.join(counts) or 'another order'})"
