"""Choice of the trainer for the student, a small model that other stages train in seconds for their own checks.

The gate uses it for out-of-fold predictions, and the teachers use it to choose rows from a pool.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from veritrain_lib.core import registry
from veritrain_lib.trainers.base import open_trainer, trainer_of
from veritrain_lib.trainers.quick import quick_student

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task


def quick_trainer(task: Task) -> Any:
    """Return the task's trainer, or a quick built-in one with default parameters if the task's is paid or slow.

    The gate and the teachers train up to a dozen models on one draft, which must not start fine-tuning jobs or take
    hours.
    """
    if not is_quick(task):
        return registry.get("trainers", quick_student(task))()
    return open_trainer(task)


def is_quick(task: Task) -> bool:
    """Return whether the task's trainer declares itself neither paid nor slow."""
    trainer = trainer_of(task)
    return not (trainer.paid or trainer.slow)
