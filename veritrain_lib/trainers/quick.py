"""Choice of the student model that trains within moments and that other stages use for checks and row selection."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task


def quick_student(task: Task) -> str:
    """Return the name of the fast built-in trainer for a task: `tfidf_svc` for labels, `memory` for free text."""
    return "tfidf_svc" if task.labels else "memory"
