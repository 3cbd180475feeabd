"""Rules of a user's own: checks and expectations in Python files that the task names (`gate_rules`).

A check is any public function of the file that takes `rows, context`; an expectation is any class there that is
one of Great Expectations'. docs/own_rule.md has the worked example. Installed packages use the entry point
groups `veritrain.checks` and `veritrain.expectations` instead.
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
"""How the names begin under which such files are run."""

_loaded: dict[tuple[str, str], ModuleType] = {}
"""Files that this process has run, by path and content: running one twice would define its classes twice."""


def load_own_rules(task: Task) -> list[str]:
    """Load the files that a task names and register their checks. Gives the names of the checks, sorted.

    Raises UserError for a file that can't be run, that holds no rule, or whose check or expectation has the name
    of another one: a rule that is silently replaced would let things pass.
    """
    names: list[str] = []
    for given in task.gate_rules:
        file = (task.path.parent / given).resolve()
        module = _module(given, file)
        checks = checks_in(module)
        if not checks and not _expectations_in(module):
            raise UserError(
                f"gate_rules: {given} holds no rule; write a function that takes `rows, context`, or a class of an "
                "expectation (docs/own_rule.md)"
            )
        for name, check in checks.items():
            _refuse_taken(given, name, check)
            registry.register("checks", name, check)
        names += checks
    return sorted(names)


def checks_in(module: ModuleType) -> dict[str, Callable[..., Any]]:
    """The checks that a module defines, by name: public functions whose first two parameters are rows, context."""
    return {
        name: thing
        for name, thing in vars(module).items()
        if inspect.isfunction(thing)
        and thing.__module__ == module.__name__
        and not name.startswith("_")
        and list(inspect.signature(thing).parameters)[:2] == ["rows", "context"]
    }


def own_code(rules: Iterable[Rule]) -> str:
    """Digest of the files that hold the rules which are neither ours nor Great Expectations'; "" without any.

    It is part of a suite's digest: a verdict must not be found again after its rule was edited.
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


def _module(given: str, file: Path) -> ModuleType:
    door.own_file(file, f"gate_rules: {given}")
    content = of_file(file)
    key = (str(file), content)
    if key not in _loaded:
        before = _registered()
        name = f"{MODULE}{of_json(key)[:16]}"
        spec = importlib.util.spec_from_file_location(name, file)
        if spec is None or spec.loader is None:
            raise UserError(f"gate_rules: {given} is no Python file; its name must end in .py")
        module = importlib.util.module_from_spec(spec)
        # Where pydantic and dataclasses look a class's annotations up.
        sys.modules[name] = module
        try:
            # Not by the loader: its bytecode cache takes an edit of the same size within a second for none.
            exec(compile(file.read_bytes(), str(file), "exec"), module.__dict__)  # the user's own file
        except Exception as error:
            del sys.modules[name]
            _put_back(before)
            line = next((f", line {one}" for one in _lines(error, file)), "")
            raise UserError(f"gate_rules: {given}{line}: {type(error).__name__}: {error}") from error
        taken = [kind for kind in _expectations_in(module) if not _free(before.get(kind))]
        if taken:
            _put_back(before)
            raise UserError(
                f"gate_rules: {given} defines an expectation {taken[0]!r}, but there is one of that name; rename the class"
            )
        _loaded[key] = module
    _put_back(_expectations_in(_loaded[key]))
    return _loaded[key]


def _registered() -> dict[str, Any]:
    gx()
    from great_expectations.expectations.registry import (
        get_expectation_impl,
        list_registered_expectation_implementations,
    )

    return {name: get_expectation_impl(name) for name in list_registered_expectation_implementations()}


def _put_back(before: dict[str, Any]) -> None:
    from great_expectations.expectations.registry import register_expectation

    for name, kind in before.items():
        if _registered().get(name) is not kind:
            register_expectation(kind)


def _expectations_in(module: ModuleType) -> dict[str, Any]:
    from great_expectations.expectations.expectation import Expectation

    return {
        str(thing.expectation_type): thing
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, Expectation) and thing.__module__ == module.__name__
    }


def _free(before: Any) -> bool:
    """Whether a name was free: nobody's, or of such a file (of another task, or before it was edited)."""
    return before is None or before.__module__.startswith(MODULE)


def _refuse_taken(given: str, name: str, check: Callable[..., Any]) -> None:
    if name not in registry.names("checks"):
        return
    there = registry.get("checks", name)
    if not there.__module__.startswith(MODULE):
        raise UserError(
            f"gate_rules: {given} defines a check {name!r}, but there is one of that name; rename it"
        )


def _lines(error: BaseException, file: Path) -> list[int]:
    """Line numbers of the file at which running it went wrong, innermost first."""
    import traceback

    if isinstance(error, SyntaxError) and error.lineno is not None:
        return [error.lineno]
    frames = traceback.extract_tb(error.__traceback__)
    return [frame.lineno for frame in reversed(frames) if frame.filename == str(file) and frame.lineno]
