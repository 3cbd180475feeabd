"""The suite of a task: there, readable, with rules that exist and can judge this kind of answer, for rows enough."""

from __future__ import annotations

import ast
import inspect
from typing import TYPE_CHECKING

from veritrain_lib.core import registry
from veritrain_lib.core.errors import UserError
from veritrain_lib.quality.checks.language import declared_languages
from veritrain_lib.quality.suite import read_suite

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from veritrain_lib.core.task import Task
    from veritrain_lib.quality.suite import Rule
    from veritrain_lib.yaml_file.document import Document, Mistake


def suite_mistakes(task: Task, document: Document) -> Iterator[Mistake]:
    """What is wrong with the suite for this task. Great Expectations is not loaded, and no rule of the task's is run."""
    own: set[str] = set()
    for number, name in enumerate(task.gate_rules):
        found, said = _own_checks(task.path.parent / name, name)
        own |= found
        if said:
            yield document.mistake(("gate_rules", number), said)
    beside = task.path.parent / task.gate
    try:
        suite = read_suite(beside if _is_file(beside) else task.gate)
    except UserError as error:
        yield document.mistake(("gate",), str(error))
        return
    for rule in suite.expectations:
        if said := _unfit(rule, task, own):
            yield document.mistake(("gate",), f"suite {suite.name}, rule {rule.id}: {said}")
    least = suite.dataset.minimum_rows
    if task.budget.rows_per_round < least:
        yield document.mistake(
            ("budget", "rows_per_round"),
            f"suite {suite.name} blocks a dataset of less than {least} rows, so every round of {task.budget.rows_per_round} "
            f"would be blocked; set at least {least}, or a suite of your own with another dataset.minimum_rows",
        )
    yield from _languages(task, document, suite.expectations)


def _unfit(rule: Rule, task: Task, own: set[str]) -> str:
    """Why a rule can't judge the rows of this task, "" when it can."""
    name = rule.meta.check
    if name is None or name in own:
        return ""
    try:
        check = registry.get("checks", name)
    except UserError as error:
        return str(error)
    module = inspect.getmodule(check)
    needs = getattr(module, "unfit", None)
    return str(needs(task)) if needs is not None else ""


def _languages(task: Task, document: Document, rules: list[Rule]) -> Iterator[Mistake]:
    """Declared languages that the suite's language rule can't detect."""
    if not any(rule.meta.check == "language" for rule in rules):
        return
    from veritrain_lib.quality.language.detector import detectable

    known = detectable()
    for name, code in declared_languages(task).items():
        if code not in known:
            way = ("inputs", name, "language") if name in task.inputs else ("target", "language")
            yield document.mistake(
                way, f"{code!r} is no language that rule language can detect; known: {', '.join(known)}"
            )


def _own_checks(file: Path, name: str) -> tuple[set[str], str]:
    """The names of the checks in a file of rules, read and not run; and why it can't be read, "" when it can."""
    try:
        tree = ast.parse(file.read_bytes(), filename=name)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        return set(), f"{name}{f', line {line}' if line else ''} is no Python: {error}"
    except OSError:
        return set(), ""  # told with the files
    return {
        one.name
        for one in tree.body
        if isinstance(one, ast.FunctionDef)
        and [part.arg for part in one.args.args][:2] == ["rows", "context"]
    }, ""


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
