"""Which student is trained in a moment, for checks and choices on the side."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task


def quick_student(task: Task) -> str:
    """The name of the built-in trainer that suits the task's answers: labels, or text."""
    return "tfidf_svc" if task.labels else "memory"
