"""Settings of the LLM judge in a task file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import JudgeChoice
from veritrain_lib.llm.providers import FORMS

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task


def settings_of(task: Task) -> JudgeChoice:
    """Return the settings of the task's LLM judge.

    Raises:
        UserError: The task has no judge.
    """
    if task.judge is None:
        raise UserError(
            f"task {task.name} has no judge; add a part `judge` with `model` ({FORMS}) and `rubric` to the task file, or remove what needs one"
        )
    return task.judge
