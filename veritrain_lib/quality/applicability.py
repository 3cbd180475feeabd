"""Registry of the reasons why a gate check can't judge a task's rows, such as a check of labels for free-text answers.

The gate asks for the reason before it judges any row. Each reason is declared beside its check, by a decorator.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task

Check = Callable[..., Any]
Reason = Callable[["Task"], str]

_REASONS: dict[Check, Reason] = {}


def not_applicable_if(reason: Reason) -> Callable[[Check], Check]:
    """Return a decorator that declares for which tasks a gate check can't judge rows.

    Args:
        reason: Function that returns why the check can't judge the rows of a task; "" if it can.
    """

    def declare(check: Check) -> Check:
        _REASONS[check] = reason
        return check

    return declare


def not_applicable_reason(check: Check, task: Task) -> str:
    """Return why a gate check can't judge the rows of a task; "" if it can."""
    reason = _REASONS.get(check)
    return reason(task) if reason is not None else ""
