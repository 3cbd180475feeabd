"""Changes of a gate suite in a notebook's cell: another limit, without a rule, and the suite as a table.

Open this to see how MLflow's run describes a changed suite. A change that is to stay belongs in the suite's file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.quality.suite import DatasetRules, Rule, make_suite

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.quality.suite import Suite


WHOLE_DATASET = "the dataset as a whole"


def suite_table(suite: Suite) -> pd.DataFrame:
    """Return the rules of a gate suite, then the limits of the dataset as a whole, as a table.

    Returns:
        A table with the columns rule, limit, severity, action and reason.
    """
    import pandas as pd

    lines: list[tuple[str, float, str, str, str]] = [
        (rule.id, rule.limit, rule.severity, rule.meta.action, rule.meta.reason) for rule in suite.rules
    ]
    for name in DatasetRules.model_fields:
        lines.append((name, float(getattr(suite.dataset, name)), "critical", "block", WHOLE_DATASET))
    return pd.DataFrame(lines, columns=["rule", "limit", "severity", "action", "reason"])


def with_limit(suite: Suite, rule: str, limit: float) -> Suite:
    """Return a gate suite with another limit for one of its rules; `Suite.with_limit` calls this.

    Args:
        suite: The suite, which stays unchanged.
        rule: Id of a rule of the suite, or a limit of the dataset as a whole, such as `minimum_rows`.
        limit: The new limit.

    Raises:
        UserError: The suite has no such rule, or the limit is out of range.
    """
    content = suite.content()
    number = _position(suite, rule)
    if number is not None:
        kwargs = content["expectations"][number]["kwargs"]
        if suite.rules[number].measures:
            kwargs["max_value"] = limit
        else:
            _check_share(rule, limit)
            kwargs["mostly"] = round(1.0 - limit, 12)
    elif rule in content["dataset"]:
        content["dataset"][rule] = limit
    else:
        raise _unknown(suite, rule, *content["dataset"])
    return make_suite(content, where=suite.name)


def without(suite: Suite, rule: str) -> Suite:
    """Return a gate suite without one of its rules; `Suite.without` calls this.

    Raises:
        UserError: The suite has no such rule, or it is the only one.
    """
    number = _position(suite, rule)
    if number is None:
        raise _unknown(suite, rule)
    content = suite.content()
    del content["expectations"][number]
    return make_suite(content, where=suite.name)


def describe_changes(before: Suite, after: Suite) -> str:
    """Return how one gate suite differs from another, such as `near_duplicate 0.1 -> 0.02`; "" if it does not."""
    changes = [f"{before.name} -> {after.name}"] if before.name != after.name else []
    old, new = ({rule.id: rule for rule in suite.rules} for suite in (before, after))
    changes += [f"without {name}" for name in old if name not in new]
    changes += [f"with {name}" for name in new if name not in old]
    for name in [name for name in new if name in old and not _is_same(old[name], new[name])]:
        if old[name].limit != new[name].limit:
            changes.append(f"{name} {old[name].limit:g} -> {new[name].limit:g}")
        else:
            changes.append(f"{name} changed")
    for name in DatasetRules.model_fields:
        values: list[Any] = [getattr(suite.dataset, name) for suite in (before, after)]
        if values[0] != values[1]:
            changes.append(f"{name} {values[0]:g} -> {values[1]:g}")
    return ", ".join(changes)


def _is_same(before: Rule, after: Rule) -> bool:
    """Return whether two rules are the same; a `mostly` that the file leaves out equals its default, 1."""
    first, second = before.model_dump(mode="json"), after.model_dump(mode="json")
    if not before.measures:
        for rule in (first, second):
            rule["kwargs"].setdefault("mostly", 1.0)
    return first == second


def _position(suite: Suite, rule: str) -> int | None:
    return next((number for number, known in enumerate(suite.rules) if known.id == rule), None)


def _check_share(rule: str, limit: float) -> None:
    if isinstance(limit, bool) or not isinstance(limit, int | float) or not 0 <= limit <= 1:
        raise UserError(
            f"the limit of rule {rule} is {limit!r}; allowed is a share of rows from 0 to 1, such as 0.02"
        )


def _unknown(suite: Suite, rule: str, *further: str) -> UserError:
    names = ", ".join([*(known.id for known in suite.rules), *further])
    return UserError(f"suite {suite.name} has no rule {rule!r}; it has: {names}")
