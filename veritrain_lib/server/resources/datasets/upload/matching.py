"""Lookup of the task that an uploaded table belongs to, by its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.server.http.problems import WrongField
from veritrain_lib.server.resources.datasets.upload.checking import required_columns
from veritrain_lib.server.tasks import available_tasks, require_task

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.server.resources.datasets.upload.reading import UploadedTable


def match_task(table: UploadedTable, task_name: str = "") -> Task:
    """Return the named task or, without a name, the most recently used task whose columns an uploaded table has.

    Args:
        table: Uploaded table.
        task_name: Name of the task; empty to find it by the columns.

    Raises:
        WrongField: There is no task of this name, or the table lacks columns; the message lists them.
    """
    columns = ", ".join(table.columns[:30]) or "none"
    tasks = [require_task(task_name)] if task_name else available_tasks()
    for task in tasks:
        if set(required_columns(task)) <= set(table.columns):
            return task
    missing = [
        f"for task {task.name}: {', '.join(name for name in required_columns(task) if name not in table.columns)}"
        for task in tasks[:5]
    ]
    raise WrongField("file", f"columns are missing {'; '.join(missing)}. The file has: {columns}")
