"""Check of a task's gate suite.

It must be readable, its rules must exist and suit the task's answers, and a round must have enough rows to
pass it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.core import registry
from veritrain_lib.core.errors import UserError
from veritrain_lib.quality.applicability import not_applicable_reason
from veritrain_lib.quality.checks.language import declared_languages
from veritrain_lib.quality.suite import read_suite
from veritrain_lib.trust import own_code

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from veritrain_lib.core.task import Task
    from veritrain_lib.quality.suite import Rule
    from veritrain_lib.yaml_file.document import Mistake, YamlDocument


def suite_mistakes(task: Task, document: YamlDocument) -> Iterator[Mistake]:
    """Yield the mistakes in a task's gate suite, with their lines in the task file; no rule is run."""
    custom_checks: set[str] = set()
    for number, name in enumerate(task.gate_rules):
        names, problem = _custom_checks(task.path.parent / name, name)
        custom_checks |= names
        if problem:
            yield document.mistake(("gate_rules", number), problem)
    local_suite = task.path.parent / task.gate
    try:
        suite = read_suite(local_suite if _is_file(local_suite) else task.gate)
    except UserError as error:
        yield document.mistake(("gate",), str(error))
        return
    for rule in suite.expectations:
        if problem := _unsuitable(rule, task, custom_checks):
            yield document.mistake(("gate",), f"suite {suite.name}, rule {rule.id}: {problem}")
    minimum = suite.dataset.minimum_rows
    if task.budget.rows_per_round < minimum:
        yield document.mistake(
            ("budget", "rows_per_round"),
            f"suite {suite.name} blocks a dataset of less than {minimum} rows, so every round of {task.budget.rows_per_round} "
            f"would be blocked; set at least {minimum}, or a suite of your own with another dataset.minimum_rows",
        )
    yield from _languages(task, document, suite.expectations)


def _unsuitable(rule: Rule, task: Task, custom_checks: set[str]) -> str:
    """Return the reason why a gate rule can't check the rows of this task; empty if it can."""
    name = rule.meta.check
    if name is None or name in custom_checks:
        return ""
    try:
        check = registry.get("checks", name)
    except UserError as error:
        return str(error)
    return not_applicable_reason(check, task)


def _languages(task: Task, document: YamlDocument, rules: list[Rule]) -> Iterator[Mistake]:
    """Yield a mistake for each declared language that the suite's rule `language` can't detect."""
    if not any(rule.meta.check == "language" for rule in rules):
        return
    from veritrain_lib.quality.language.detector import detectable

    supported = detectable()
    for name, code in declared_languages(task).items():
        if code not in supported:
            path = ("inputs", name, "language") if name in task.inputs else ("target", "language")
            yield document.mistake(
                path,
                f"{code!r} is not a language that rule language can detect; known: {', '.join(supported)}",
            )


def _custom_checks(file: Path, name: str) -> tuple[set[str], str]:
    """Return the names of the checks that a user's file of rules defines, reading the file without running it.

    Args:
        file: The file.
        name: Name of the file in the task file, for messages.

    Returns:
        The names, and the reason why the file can't be read (empty if it can).
    """
    functions, problem = own_code.parse_own_file(file, name)
    return {
        function
        for function, signature in functions.items()
        if list(signature.parameters)[:2] == ["rows", "context"]
    }, problem


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
