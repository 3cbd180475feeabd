"""Choice of the student that trains within moments, for checks and row selection in other stages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task


def quick_student(task: Task) -> str:
    """Return the name of the fast built-in trainer for the task's kind of answer: labels or text."""
    return "tfidf_svc" if task.labels else "memory"
