"""Language direction, such as `ja-en`, of a task's experiments."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task


def fixed_direction(task: Task | None) -> str | None:
    """Return the language direction, such as `ja-en`, that all rows of a task share.

    Returns:
        None if the task is not a translation, if its rows have a direction each, or if `task` is None.
    """
    if task is None or task.target.direction:
        return None
    source = next((field.language for field in task.inputs.values() if field.language), None)
    if source and task.target.language and source != task.target.language:
        return f"{source}-{task.target.language}"
    return None
