"""Tasks that a built-in check can't judge: declared beside the check, asked before any row is judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task

Check = Callable[..., Any]
Reason = Callable[["Task"], str]

_REASONS: dict[Check, Reason] = {}


def unfit_for(reason: Reason) -> Callable[[Check], Check]:
    """Declare, as a decorator of a check, for which tasks it is unfit.

    Args:
        reason: Returns why the check can't judge the rows of a task, "" when it can.
    """

    def declare(check: Check) -> Check:
        _REASONS[check] = reason
        return check

    return declare


def unfit_reason(check: Check, task: Task) -> str:
    """Return why a check can't judge the rows of a task; "" when it can, as every check that declares nothing."""
    reason = _REASONS.get(check)
    return reason(task) if reason is not None else ""
