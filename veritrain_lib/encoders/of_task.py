"""Name of the sentence encoder that a task's trainer reads, and the default encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task

TRAINER = "encoder_svc"
"""Name of the built-in trainer that reads a sentence encoder's vectors."""

DEFAULT = "use_multilingual"
"""Name of the sentence encoder that is read where a task names none."""


def encoder_name(task: Task) -> str:
    """Return the name of the sentence encoder that the task's trainer reads; empty where it reads none."""
    if task.trainer.name != TRAINER or task.trainer.file:
        return ""
    return str(task.trainer.parameters.get("encoder", DEFAULT))
