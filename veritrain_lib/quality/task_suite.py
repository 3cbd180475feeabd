"""Find the gate suite of a task and load the custom rules that it may use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.quality.custom_rules import load_custom_rules
from veritrain_lib.quality.suite import Suite, load_suite

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task


def suite_of(task: Task, suite_name: str = "") -> Suite:
    """Load the gate suite of a task.

    Args:
        task: The task.
        suite_name: A file beside the task file, a name in `gates/` or a path; empty means the suite that the task names.

    Returns:
        The suite.

    Raises:
        UserError: As from `load_custom_rules` and `load_suite`.
    """
    load_custom_rules(task)
    name = suite_name or task.gate
    beside_task = task.path.parent / name
    return load_suite(beside_task if beside_task.is_file() else name)
