"""Check of a task's gate suite.

It can be read, its rules exist and suit the answers, and a round can pass it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.core import registry
from veritrain_lib.core.errors import UserError
from veritrain_lib.quality.checks.language import declared_languages
from veritrain_lib.quality.fitness import unfit_reason
from veritrain_lib.quality.suite import read_suite
from veritrain_lib.trust import own_code

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from veritrain_lib.core.task import Task
    from veritrain_lib.quality.suite import Rule
    from veritrain_lib.yaml_file.document import Mistake, YamlDocument


def suite_mistakes(task: Task, document: YamlDocument) -> Iterator[Mistake]:
    """Yield the mistakes of the suite; Great Expectations is not loaded, and no rule of the task is run."""
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
    """Return why a rule can't judge the rows of this task, "" when it can."""
    name = rule.meta.check
    if name is None or name in custom_checks:
        return ""
    try:
        check = registry.get("checks", name)
    except UserError as error:
        return str(error)
    return unfit_reason(check, task)


def _languages(task: Task, document: YamlDocument, rules: list[Rule]) -> Iterator[Mistake]:
    """Yield declared languages that the suite's language rule can't detect."""
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
    """Return the names of the checks in a file of rules, and why it can't be read ("" if it can); it is not run."""
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
