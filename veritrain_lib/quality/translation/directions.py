"""Rows of a task that goes several ways, each way by itself: `target.direction` says it row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.core.task import Task


def by_direction(rows: pd.DataFrame, task: Task) -> list[tuple[str, np.ndarray]]:
    """The values of the direction column, in order, and the positions of their rows; `""` and all rows where the task
    has none, or the rows lack it."""
    import numpy as np
    import pandas as pd

    column = task.target.direction
    if column is None or column not in rows.columns or not len(rows):
        return [("", np.arange(len(rows)))]
    codes, names = pd.factorize(rows[column].fillna("").astype(str).to_numpy(dtype=object), sort=True)
    return [(str(name), np.flatnonzero(codes == at)) for at, name in enumerate(names)]


def text_languages(task: Task, direction: str) -> dict[str, str | None]:
    """The language of each text field in rows of a direction: the first input and a target of text turn with it, other
    inputs are in what they declare."""
    source, target = task.languages_of(direction)
    found = {name: field.language for name, field in task.inputs.items()}
    if direction and task.target.direction:
        found[next(iter(found))] = source
    if not task.labels:
        found[task.target.field] = target
    return found
