"""The quick student model that stages other than train fit on the side.

It is used for out-of-fold checks of the gate, and for choosing rows from a pool.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from veritrain_lib.core import registry
from veritrain_lib.trainers.base import open_trainer, trainer_of
from veritrain_lib.trainers.quick import quick_student

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task


def quick_trainer(task: Task) -> Any:
    """Return the task's trainer, or a built-in student with its defaults where the task's is paid or slow.

    Some checks train a dozen times on one draft, which must never start fine-tuning jobs or take a night.
    """
    if not is_quick(task):
        return registry.get("trainers", quick_student(task))()
    return open_trainer(task)


def is_quick(task: Task) -> bool:
    """Return whether the task's trainer is neither paid nor slow, which a user's own may be."""
    trainer = trainer_of(task)
    return not (trainer.paid or trainer.slow)
