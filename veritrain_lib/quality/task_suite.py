"""Loading of a task's gate suite, with the user's own rules that it may use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.quality.custom_rules import load_custom_rules
from veritrain_lib.quality.suite import Suite, load_suite

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task


def suite_of(task: Task, suite_name: str = "") -> Suite:
    """Load the gate suite of a task, together with the user's own rules that the task names.

    Args:
        task: The task.
        suite_name: A file beside the task file, a name in `gates/` or a path; "" (default) means the suite that the
            task names.

    Returns:
        The suite.

    Raises:
        UserError: The suite or a file with the user's own rules is missing or invalid.
        Refused: One of the files lies in `mlruns/`, the folder of MLflow's artifacts.
    """
    load_custom_rules(task)
    name = suite_name or task.gate
    beside_task = task.path.parent / name
    return load_suite(beside_task if beside_task.is_file() else name)
