"""Load custom rules: checks and expectations in Python files that a task names in `gate_rules`.

A check is any public function of the file whose first parameters are `rows, context`; an expectation is any class
there that derives from one of Great Expectations. docs/own_rule.md has the worked example. Installed packages use the
entry point groups `veritrain.checks` and `veritrain.expectations` instead.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import registry
from veritrain_lib.core.digest import of_file, of_json
from veritrain_lib.core.errors import UserError
from veritrain_lib.quality.gx_expectations import expectation_class, gx
from veritrain_lib.trust import door

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import ModuleType

    from veritrain_lib.core.task import Task
    from veritrain_lib.quality.suite import Rule

MODULE = "veritrain_own_rules_"
"""Prefix of the module names under which such files are run."""

_loaded: dict[tuple[str, str], ModuleType] = {}
"""Modules that this process has run, by path and digest: running a file twice would define its classes twice."""


def load_custom_rules(task: Task) -> list[str]:
    """Load the rule files that a task names and register their checks.

    Args:
        task: The task; paths in `task.gate_rules` are relative to its file.

    Returns:
        The names of the checks, sorted.

    Raises:
        UserError: For a file that can't be run or holds no rule, or whose check or expectation has the name of another
            one: a rule that is silently replaced would let bad rows pass.
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
    """Return the checks that a module defines, by name.

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
    """Return the digest of the files that define custom rules.

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
    door.require_local_file(path, f"gate_rules: {name_in_task}")
    file_digest = of_file(path)
    key = (str(path), file_digest)
    if key not in _loaded:
        registered_before = _registered()
        name = f"{MODULE}{of_json(key)[:16]}"
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise UserError(f"gate_rules: {name_in_task} is no Python file; its name must end in .py")
        module = importlib.util.module_from_spec(spec)
        # pydantic and dataclasses resolve a class's annotations through this entry.
        sys.modules[name] = module
        try:
            # Not by the loader: its bytecode cache misses an edit of the same size within one second.
            exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)  # the user's file
        except Exception as error:
            del sys.modules[name]
            _register_again(registered_before)
            line = next((f", line {number}" for number in _lines(error, path)), "")
            raise UserError(f"gate_rules: {name_in_task}{line}: {type(error).__name__}: {error}") from error
        name_clashes = [
            kind for kind in _expectations_in(module) if not _is_replaceable(registered_before.get(kind))
        ]
        if name_clashes:
            _register_again(registered_before)
            raise UserError(
                f"gate_rules: {name_in_task} defines an expectation {name_clashes[0]!r}, but there is one of that name; rename the class"
            )
        _loaded[key] = module
    _register_again(_expectations_in(_loaded[key]))
    return _loaded[key]


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
    """Return whether a name may be registered: it is free, or belongs to a rule file of a task."""
    return registered is None or registered.__module__.startswith(MODULE)


def _reject_name_clash(name_in_task: str, name: str, check: Callable[..., Any]) -> None:
    if name not in registry.names("checks"):
        return
    registered = registry.get("checks", name)
    if not registered.__module__.startswith(MODULE):
        raise UserError(
            f"gate_rules: {name_in_task} defines a check {name!r}, but there is one of that name; rename it"
        )


def _lines(error: BaseException, path: Path) -> list[int]:
    """Return the line numbers of the file at which running it failed, innermost first."""
    import traceback

    if isinstance(error, SyntaxError) and error.lineno is not None:
        return [error.lineno]
    frames = traceback.extract_tb(error.__traceback__)
    return [frame.lineno for frame in reversed(frames) if frame.filename == str(path) and frame.lineno]
