"""The student that other stages train on the side: out-of-fold checks, choosing from a pool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from veritrain_lib.core import registry
from veritrain_lib.trainers.quick import quick_student

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task


def quick_trainer(task: Task) -> Any:
    """The task's own trainer, or a built-in student with its defaults where the task's is paid for or slow.

    Some checks train a dozen times on one draft: that must never order fine-tuning jobs, nor take a night.
    """
    if not is_quick(task):
        return registry.get("trainers", quick_student(task))()
    return registry.get("trainers", task.trainer.name)(**task.trainer.parameters)


def is_quick(task: Task) -> bool:
    """Whether the task's own trainer is neither paid for nor slow."""
    kind = registry.get("trainers", task.trainer.name)
    return not (getattr(kind, "paid", False) or getattr(kind, "slow", False))
