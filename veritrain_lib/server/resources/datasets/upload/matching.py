"""Assignment of an uploaded table to a task by its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.server.http.problems import WrongField
from veritrain_lib.server.resources.datasets.upload.checking import required_columns
from veritrain_lib.server.tasks import available_tasks, require_task

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.server.resources.datasets.upload.reading import UploadedTable


def match_task(table: UploadedTable, task_name: str = "") -> Task:
    """Return the named task, else the last used task whose inputs and answer are columns of the table.

    Raises:
        WrongField: The named task does not fit, or no task does; with the missing columns and the existing ones.
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
