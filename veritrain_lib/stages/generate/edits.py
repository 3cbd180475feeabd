"""Replacement of the generate stage's plan (new rows per slice) by a cell of its notebook.

Open this to see how a changed plan is checked, and how MLflow's record describes the change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.core import digest
from veritrain_lib.core.errors import UserError
from veritrain_lib.stages.base import Inputs

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task

CHANGED = "changed in a cell"
"""Text in a plan's column `why` for a slice whose number of rows a notebook's cell changed."""


def with_plan(task: Task, inputs: Inputs, teacher: str, own: pd.DataFrame, plan: pd.DataFrame) -> Inputs:
    """Return the generate stage's inputs with a plan that a notebook's cell has changed.

    A plan is a table of the number of rows to supply for each slice, such as a label. Of the changed plan only the columns
    `slice` and `rows` are read. A slice that it leaves out gets no rows.

    Args:
        task: The task.
        inputs: The inputs that the stage found itself.
        teacher: The name of the teacher.
        own: The stage's own plan. It is empty if it can be made only during the run, from paid answers; then no cell can
            change it.
        plan: The plan that the notebook's cell passed.

    Returns:
        The changed inputs; `inputs` itself when every slice gets as many rows as in the stage's own plan.

    Raises:
        UserError: A column is missing, a slice is unknown or occurs twice, a number of rows is negative or not whole, all
            are 0, the stage's own plan can't be made yet, or the teacher can't follow a plan.
    """
    if not len(own) and not len(plan):
        return inputs
    before = {str(name): int(count) for name, count in zip(own["slice"], own["rows"], strict=True)}
    counts = _counts(plan, before)
    after = {name: counts.get(name, 0) for name in before}
    changes = [f"{name} {before[name]} -> {count}" for name, count in after.items() if count != before[name]]
    if not changes:
        return inputs
    if teacher == "pool" and not task.labels:
        raise UserError(
            "teacher pool chooses rows by predicted label, so it can follow a plan only in a task with labels; "
            "set teacher to augment or llm, or leave the plan as it is"
        )
    changed = own.copy()
    changed["rows"] = list(after.values())
    changed["share"] = changed["rows"] / changed["rows"].sum()
    changed["why"] = [
        why if after[name] == before[name] else CHANGED
        for name, why in zip(changed["slice"], changed["why"], strict=True)
    ]
    return inputs.with_edit("plan", changed, digest.of_json(after), ", ".join(changes))


def _counts(plan: pd.DataFrame, slices: dict[str, int]) -> dict[str, int]:
    """Return the number of rows of each slice in a plan that a cell passed, after checking the plan.

    Args:
        plan: The plan.
        slices: The number of rows of each slice in the stage's own plan; empty if that plan can't be made yet.

    Raises:
        UserError: when a column is missing, a slice is unknown or occurs twice, or a number of rows is not allowed.
    """
    missing = [name for name in ("slice", "rows") if name not in plan.columns]
    if missing:
        raise UserError(
            f"the plan lacks the column(s) {', '.join(missing)}; take stage.plan and change its rows"
        )
    if not slices:
        raise UserError(
            "the plan is made from paid answers during the run, so no cell can change it before; choose rows by "
            "the parameter rows"
        )
    names = [str(name) for name in plan["slice"]]
    unknown = sorted(set(names) - set(slices))
    if unknown or len(set(names)) < len(names):
        wrong = f"unknown: {', '.join(unknown)}" if unknown else "one is there twice"
        raise UserError(
            f"the plan's slices are not those of the task ({wrong}); allowed: {', '.join(slices)}"
        )
    counts = dict(zip(names, plan["rows"].tolist(), strict=True))
    for name, count in counts.items():
        if isinstance(count, bool) or not isinstance(count, int | float) or count != count // 1 or count < 0:
            raise UserError(
                f"the plan gives slice {name} {count!r} rows; allowed are whole numbers from 0 upwards"
            )
    if not sum(counts.values()):
        raise UserError("the plan has no rows; give at least one slice a row")
    return {name: int(count) for name, count in counts.items()}
