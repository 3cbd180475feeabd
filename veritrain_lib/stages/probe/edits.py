"""Replacement of the rows that the probe asks a model about, by a cell of the probe's notebook.

Open this to see which rows are allowed in place of the task's own development rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError
from veritrain_lib.stages.base import Inputs
from veritrain_lib.stages.edited_rows import with_rows

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task


def with_development(task: Task, inputs: Inputs, own: pd.DataFrame, rows: pd.DataFrame) -> Inputs:
    """Return the probe's inputs with other rows to ask the model about in place of the task's development rows.

    Args:
        task: The task.
        inputs: The inputs that the stage found itself.
        own: The task's development rows.
        rows: The rows that the notebook's cell passed, with the same columns and with their right answers.

    Returns:
        The changed inputs; `inputs` itself when the rows equal the development rows.

    Raises:
        UserError: when there are no rows, a column or value is missing, or an answer is not one of the task's labels;
            also when several models are probed together, since the others are probed on the task's own rows.
    """
    changed = with_rows(task, inputs, "development", own, rows)
    if changed is inputs:
        return inputs
    if not len(rows):
        raise UserError("there is no row left to ask the model about; keep at least one development row")
    unknown = sorted(
        {str(answer) for answer in rows[task.target.field]} - set(task.labels or rows[task.target.field])
    )
    if unknown:
        raise UserError(
            f"the rows have answers that are none of the labels of task {task.name}: {', '.join(unknown[:5])}; "
            f"allowed: {', '.join(task.labels)}"
        )
    if inputs.names.get("models"):
        raise UserError(
            "rows that were changed in a cell can't be asked of several models: the others are probed on the task's own "
            'development rows. Set models = "", and probe each model by itself'
        )
    return changed
