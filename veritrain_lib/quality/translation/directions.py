"""Rows grouped by translation direction (such as ja-en), in a task with `target.direction`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.core.task import Task


def by_direction(rows: pd.DataFrame, task: Task) -> list[tuple[str, np.ndarray]]:
    """Group rows by translation direction.

    Args:
        rows: The rows.
        task: The task.

    Returns:
        The values of the direction column, sorted, each with the positions of its rows; "" with all rows if the task
        has no such column or the rows lack it.
    """
    import numpy as np
    import pandas as pd

    column = task.target.direction
    if column is None or column not in rows.columns or not len(rows):
        return [("", np.arange(len(rows)))]
    codes, names = pd.factorize(rows[column].fillna("").astype(str).to_numpy(dtype=object), sort=True)
    return [(str(name), np.flatnonzero(codes == code)) for code, name in enumerate(names)]


def text_languages(task: Task, direction: str) -> dict[str, str | None]:
    """Return the language of each text field in rows of a translation direction.

    Args:
        task: The task.
        direction: Value of the direction column, such as `ja-en`; "" for none.

    Returns:
        ISO 639-1 codes by field, None for an undeclared language. The first input and a free-text target have the
        languages of the direction, other inputs their declared language.
    """
    source, target = task.languages_of(direction)
    languages = {name: field.language for name, field in task.inputs.items()}
    if direction and task.target.direction:
        languages[next(iter(languages))] = source
    if not task.labels:
        languages[task.target.field] = target
    return languages
