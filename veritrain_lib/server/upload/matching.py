"""Which task a table belongs to: the one whose columns it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.server.api.problems import WrongField
from veritrain_lib.server.serializers.task import known_tasks, task_named
from veritrain_lib.server.upload.checking import needed

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.server.upload.reading import Table


def task_for(table: Table, named: str = "") -> Task:
    """The named task, else the last used whose inputs and answer are columns of the table.

    Raises WrongField when the named one does not fit, or none does: with the columns that are missing and those there.
    """
    there = ", ".join(table.columns[:30]) or "none"
    tasks = [task_named(named)] if named else known_tasks()
    for task in tasks:
        if set(needed(task)) <= set(table.columns):
            return task
    lacks = [
        f"for task {task.name}: {', '.join(name for name in needed(task) if name not in table.columns)}"
        for task in tasks[:5]
    ]
    raise WrongField("file", f"columns are missing {'; '.join(lacks)}. The file has: {there}")
