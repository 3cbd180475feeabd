"""Gate rules of the user's own: checks and expectations in Python files that a task names in `gate_rules`.

A check is any public function of the file whose first parameters are `rows, context`; an expectation is any class
in it that derives from one of Great Expectations. docs/own_rule.md has a worked example. Installed packages use the
entry point groups `veritrain.checks` and `veritrain.expectations` instead.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import registry
from veritrain_lib.core.digest import of_file, of_json
from veritrain_lib.core.errors import UserError
from veritrain_lib.quality.gx_expectations import expectation_class, gx
from veritrain_lib.trust import own_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import ModuleType

    from veritrain_lib.core.task import Task
    from veritrain_lib.quality.suite import Rule


def load_custom_rules(task: Task) -> list[str]:
    """Load the files with the user's own gate rules that a task names, and register their checks and expectations.

    Args:
        task: The task; paths in `task.gate_rules` are relative to its file.

    Returns:
        The names of the checks, sorted.

    Raises:
        UserError: A file can't be run or contains no rule, or its check or expectation has the name of another one,
            which it would replace silently.
    """
    names: list[str] = []
    for name_in_task in task.gate_rules:
        path = (task.path.parent / name_in_task).resolve()
        module = _module(name_in_task, path)
        checks = checks_in(module)
        if not checks and not _expectations_in(module):
            raise UserError(
                f"gate_rules: {name_in_task} holds no rule; write a function that takes `rows, context`, or a class of an "
                "expectation (docs/own_rule.md)"
            )
        for name, check in checks.items():
            _reject_name_clash(name_in_task, name, check)
            registry.register("checks", name, check)
        names += checks
    return sorted(names)


def checks_in(module: ModuleType) -> dict[str, Callable[..., Any]]:
    """Return the gate checks that a Python module defines, by name.

    Args:
        module: The loaded rule file.

    Returns:
        Public functions whose first two parameters are `rows` and `context`.
    """
    return {
        name: member
        for name, member in vars(module).items()
        if inspect.isfunction(member)
        and member.__module__ == module.__name__
        and not name.startswith("_")
        and list(inspect.signature(member).parameters)[:2] == ["rows", "context"]
    }


def custom_code_digest(rules: Iterable[Rule]) -> str:
    """Return the digest of the files with the user's own gate rules.

    It is part of a suite's digest, so that a stored verdict is not reused after its rule was edited.

    Args:
        rules: The rules of a suite.

    Returns:
        Digest over the files of all rules that come neither from this package nor from Great Expectations; "" if there
        are none.
    """
    files = set()
    for rule in rules:
        parts = [expectation_class(rule.type)]
        if rule.meta.check is not None:
            parts.append(registry.get("checks", rule.meta.check))
        for part in parts:
            if part.__module__.split(".")[0] not in ("veritrain_lib", "great_expectations"):
                files.add(inspect.getsourcefile(part))
    return of_json(sorted(of_file(Path(file)) for file in files if file)) if files else ""


def _module(name_in_task: str, path: Path) -> ModuleType:
    """Load a rule file and register its expectations.

    Raises:
        UserError: The file can't be run, or an expectation has the name of one that is not from a user's rule file.
    """
    registered_before = _registered()
    try:
        module = own_code.load_own_file(path, f"gate_rules: {name_in_task}")
    except UserError:
        _register_again(registered_before)
        raise
    expectations = _expectations_in(module)
    name_clashes = [kind for kind in expectations if not _is_replaceable(registered_before.get(kind))]
    if name_clashes:
        _register_again(registered_before)
        raise UserError(
            f"gate_rules: {name_in_task} defines an expectation {name_clashes[0]!r}, but there is one of that name; rename the class"
        )
    _register_again(expectations)
    return module


def _registered() -> dict[str, Any]:
    gx()
    from great_expectations.expectations.registry import (
        get_expectation_impl,
        list_registered_expectation_implementations,
    )

    return {name: get_expectation_impl(name) for name in list_registered_expectation_implementations()}


def _register_again(expectations: dict[str, Any]) -> None:
    from great_expectations.expectations.registry import register_expectation

    for name, kind in expectations.items():
        if _registered().get(name) is not kind:
            register_expectation(kind)


def _expectations_in(module: ModuleType) -> dict[str, Any]:
    from great_expectations.expectations.expectation import Expectation

    return {
        str(member.expectation_type): member
        for member in vars(module).values()
        if isinstance(member, type)
        and issubclass(member, Expectation)
        and member.__module__ == module.__name__
    }


def _is_replaceable(registered: Any) -> bool:
    """Return whether an expectation's name may be registered: it is free, or it belongs to a user's rule file."""
    return registered is None or own_code.is_own_code(registered.__module__)


def _reject_name_clash(name_in_task: str, name: str, check: Callable[..., Any]) -> None:
    if name not in registry.names("checks"):
        return
    registered = registry.get("checks", name)
    if not own_code.is_own_code(registered.__module__):
        raise UserError(
            f"gate_rules: {name_in_task} defines a check {name!r}, but there is one of that name; rename it"
        )
