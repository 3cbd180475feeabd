"""Replacement of the gate's suite of rules by a cell of its notebook; rows are replaced in `stages/edited_rows.py`.

Open this to see how a changed suite is checked, and how MLflow's record describes the change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from veritrain_lib.core import digest
from veritrain_lib.core.errors import UserError
from veritrain_lib.stages.base import Inputs

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.quality.suite import Suite


def with_suite(task: Task, inputs: Inputs, suite: Any) -> Inputs:
    """Return the gate's inputs with another suite in place of its own.

    Args:
        task: The task.
        inputs: The inputs that the stage found itself.
        suite: The suite that the notebook's cell passed.

    Returns:
        The changed inputs; `inputs` itself when the rules and limits of both suites are equal.

    Raises:
        UserError: when the value is not a suite.
    """
    from veritrain_lib.quality.suite import Suite
    from veritrain_lib.quality.suite_edits import describe_changes

    if not isinstance(suite, Suite):
        raise UserError(
            f"suite is {type(suite).__name__}; it must be a suite: stage.suite, or what its with_limit(rule, limit) returns"
        )
    own: Suite = inputs.resolved["suite"]
    changes = describe_changes(own, suite)
    if not changes:
        return inputs
    # A rule that the changed suite has and the own one has not may ask the judge.
    judge = task.digest("judge", "description")
    return inputs.with_edit("suite", suite, digest.of_json([suite.digest, judge]), changes)
