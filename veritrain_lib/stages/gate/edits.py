"""Changes that a notebook's cell may make before the gate judges: other rows, or another suite.

Open this to see how a change is checked, and how it is described in the record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from veritrain_lib.core import digest
from veritrain_lib.core.errors import UserError
from veritrain_lib.stages.base import Inputs

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.quality.suite import Suite


def with_suite(task: Task, inputs: Inputs, suite: Any) -> Inputs:
    """Return the inputs with another suite; the same inputs if its rules and limits are those of the stage's own.

    Raises:
        UserError: when it is no suite.
    """
    from veritrain_lib.quality.suite import Suite
    from veritrain_lib.quality.suite_edits import describe_changes

    if not isinstance(suite, Suite):
        raise UserError(
            f"suite is {type(suite).__name__}; it must be a suite: stage.suite, or what its with_limit(rule, limit) returns"
        )
    own: Suite = inputs.resolved["suite"]
    changes = describe_changes(own, suite)
    if not changes:
        return inputs
    # A rule that the changed suite has and the own one has not may ask the judge.
    judge = task.digest("judge", "description")
    return inputs.with_edit("suite", suite, digest.of_json([suite.digest, judge]), changes)


def with_rows(task: Task, inputs: Inputs, own: pd.DataFrame, rows: pd.DataFrame) -> Inputs:
    """Return the inputs with other rows to judge; the same inputs if they are the stage's own.

    The id of each row is computed again, since it identifies the text.

    Args:
        task: The task.
        inputs: The stage's own inputs.
        own: The stage's own rows.
        rows: The rows of the cell.

    Raises:
        UserError: when a column is missing or unknown, or a value is missing.
    """
    own = own.reset_index(drop=True)
    if set(rows.columns) != set(own.columns):
        raise UserError(
            f"the rows have the columns {', '.join(map(str, rows.columns))}; needed are: {', '.join(own.columns)}"
        )
    rows = rows[list(own.columns)].reset_index(drop=True)
    if rows.equals(own):
        return inputs
    absent = [name for name in own.columns if rows[name].isna().any() and not own[name].isna().any()]
    if absent:
        raise UserError(
            f"the rows have missing values in {', '.join(absent)}; remove these rows, or fill in a text"
        )
    rows["id"] = [
        digest.of_example(dict(zip(task.inputs, values, strict=True)))
        for values in rows[list(task.inputs)].itertuples(index=False)
    ]
    return inputs.with_edit("rows", rows, digest.of_rows(rows), _describe_rows(own, rows))


def _describe_rows(own: pd.DataFrame, rows: pd.DataFrame) -> str:
    from collections import Counter

    before, after = (Counter(frame.astype(str).itertuples(index=False, name=None)) for frame in (own, rows))
    removed, added = (before - after).total(), (after - before).total()
    counts = [f"{removed} removed"] * bool(removed) + [f"{added} added or changed"] * bool(added)
    return f"{len(own)} -> {len(rows)} ({', '.join(counts) or 'another order'})"
