"""The suite that judges a task's data, with the rules of the task's own that it may use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.quality.custom_rules import load_own_rules
from veritrain_lib.quality.suite import Suite, load_suite

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task


def suite_of(task: Task, given: str = "") -> Suite:
    """The suite: a file beside the task file, a name in `gates/` or a path; empty means the task's own.

    Raises UserError as `load_own_rules` and `load_suite` do.
    """
    load_own_rules(task)
    name = given or task.gate
    beside = task.path.parent / name
    return load_suite(beside if beside.is_file() else name)
