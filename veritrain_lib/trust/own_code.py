"""Loader of the Python files beside a task that contain a user's own code: rules for the quality gate, trainer, metric.

A file in `mlruns/` is never run (`door.require_local_file`), because it may come from a client of the server.
`parse_own_file` inspects a file without running it.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import sys
import traceback
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import registry
from veritrain_lib.core.digest import of_file, of_json
from veritrain_lib.core.errors import UserError
from veritrain_lib.trust import door

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import ModuleType

PREFIX = "veritrain_own_"
"""Prefix of the module names under which users' files are loaded."""

_loaded: dict[tuple[str, str], ModuleType] = {}
"""Modules that this process has loaded, by path and digest: loading a file twice would define its classes twice."""


def load_own_file(path: Path, subject: str) -> ModuleType:
    """Run a user's Python file as a module and return it; an unchanged file is run only once in a process.

    Args:
        path: Absolute path of the file.
        subject: Key of the task file and name of the file, such as `gate_rules: my_rules.py`, for error messages.

    Raises:
        UserError: The file is missing, is not a Python file, or raises an exception; the message names the line.
        Refused: The file is in `mlruns/`, so it may come from a client of the server.
    """
    door.require_local_file(path, subject)
    if not path.is_file():
        raise UserError(f"{subject}: {path} is missing. Paths are relative to the task file")
    key = (str(path), of_file(path))
    if key in _loaded:
        return _loaded[key]
    name = f"{PREFIX}{of_json(key)[:16]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UserError(f"{subject} is no Python file; its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    # pydantic and dataclasses resolve a class's annotations through this entry.
    sys.modules[name] = module
    try:
        # Not by the loader: its bytecode cache misses an edit of the same size within one second.
        exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)  # the user's file
    except Exception as error:
        del sys.modules[name]
        raise UserError(describe_failure(error, path, subject)) from error
    _loaded[key] = module
    return module


def is_own_code(module_name: str) -> bool:
    """Return whether a Python module, given by its name, was loaded from a user's own file."""
    return module_name.startswith(PREFIX)


def load_own_function(path: Path, subject: str, name: str, page: str) -> Callable[..., Any]:
    """Run a user's Python file and return a function that it must define.

    Args:
        path: Absolute path of the file.
        subject: Key of the task file and name of the file, for error messages.
        name: Name of the function.
        page: Page of the documentation with an example, for error messages.

    Raises:
        UserError: The file can't be loaded (`load_own_file`), or does not define the function.
        Refused: The file is in `mlruns/`, so it may come from a client of the server.
    """
    function = getattr(load_own_file(path, subject), name, None)
    if not inspect.isfunction(function):
        raise UserError(no_function(subject, name, page))
    return function


def require_free_name(kind: str, name: str, subject: str) -> None:
    """Check that the name of a user's own trainer, metric or other part is not that of a built-in or installed one.

    Otherwise its results would be taken for those of the built-in or installed part.

    Args:
        kind: Kind of the part, one of `registry.KINDS`, such as `trainers`.
        name: Name of the user's part.
        subject: Key of the task file and name of the file, for the error message.

    Raises:
        UserError: There is a built-in or installed part of that name.
    """
    if name in registry.names(kind):
        raise UserError(
            f"{subject} is named {name!r}, but there is a {kind.removesuffix('s')} of that name; rename the file, or set name"
        )


def no_function(subject: str, name: str, page: str) -> str:
    """Return the error message for a user's file that lacks the function which it must define.

    Args:
        subject: Key of the task file and name of the file.
        name: Name of the function.
        page: Page of the documentation with an example.
    """
    return (
        f"{subject} has no function `{name}`; write `def {name}(...)` at the top level of the file ({page})"
    )


def parameter_problem(
    signature: inspect.Signature, leading: Sequence[str], parameters: Mapping[str, Any]
) -> str:
    """Return why a user's function can't be called with the parameters in a task file; an empty string if it can.

    Args:
        signature: Signature of the function.
        leading: Names of the parameters that Veri-Train passes itself.
        parameters: Values under the key `parameters` in the task file.
    """
    own = {name: parameter for name, parameter in signature.parameters.items() if name not in leading}
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in own.values()):
        return ""
    unknown = sorted(set(parameters) - set(own))
    if unknown:
        return f"it has no parameter {', '.join(unknown)}; allowed: {', '.join(own) or 'none'}"
    required = [
        name
        for name, parameter in own.items()
        if parameter.default is inspect.Parameter.empty
        and parameter.kind is not inspect.Parameter.VAR_POSITIONAL
    ]
    missing = [name for name in required if name not in parameters]
    return f"parameters must set {', '.join(missing)}, which has no default" if missing else ""


def parse_own_file(path: Path, subject: str) -> tuple[dict[str, inspect.Signature], str]:
    """Return the functions that a user's Python file defines, and what is wrong with the file, without running it.

    Args:
        path: Absolute path of the file.
        subject: Name of the file in the task file, for error messages.

    Returns:
        Signatures of the top-level functions by name, and an error message: the file is not valid Python, or imports a
        package that is not installed. The message is empty if nothing is wrong. A missing file gives no functions and
        an empty message, because another check reports it.
    """
    try:
        tree = ast.parse(path.read_bytes(), filename=subject)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        return {}, f"{subject}{f', line {line}' if line else ''} is not valid Python: {error}"
    except OSError:
        return {}, ""
    functions = {node.name: _signature(node) for node in tree.body if isinstance(node, ast.FunctionDef)}
    return functions, _missing_import(tree, subject)


def describe_failure(error: BaseException, path: Path, subject: str) -> str:
    """Return the error message for an exception in a user's own file, with the line of that file if it is known."""
    line = next((f", line {number}" for number in _lines(error, path)), "")
    return f"{subject}{line}: {type(error).__name__}: {error}"


def _signature(function: ast.FunctionDef) -> inspect.Signature:
    """Return the signature of a function from its syntax tree; default values are replaced by None."""
    arguments, kinds = function.args, inspect.Parameter
    positional = [*arguments.posonlyargs, *arguments.args]
    optional = len(positional) - len(arguments.defaults)
    entries: list[tuple[str, Any, bool]] = [
        (argument.arg, kinds.POSITIONAL_OR_KEYWORD, number >= optional)
        for number, argument in enumerate(positional)
    ]
    if arguments.vararg:
        entries.append((arguments.vararg.arg, kinds.VAR_POSITIONAL, False))
    entries += [
        (argument.arg, kinds.KEYWORD_ONLY, default is not None)
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    ]
    if arguments.kwarg:
        entries.append((arguments.kwarg.arg, kinds.VAR_KEYWORD, False))
    return inspect.Signature(
        [
            kinds(name, kind, default=None if has_default else kinds.empty)
            for name, kind, has_default in entries
        ]
    )


def _missing_import(tree: ast.Module, subject: str) -> str:
    """Return the error message for the first top-level import of a package that is not installed.

    The result is an empty string if all packages are installed.
    """
    for node in tree.body:
        names = (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom) and not node.level
            else []
        )
        for name in names:
            package = name.partition(".")[0]
            if package and package not in sys.modules and importlib.util.find_spec(package) is None:
                return (
                    f"{subject}, line {node.lineno}: no package {package!r} is installed; install it, or leave the import "
                    "out (modules beside the file are not imported: the file stands alone)"
                )
    return ""


def _lines(error: BaseException, path: Path) -> list[int]:
    """Return the line numbers of a user's file in an exception's traceback, innermost first."""
    if isinstance(error, SyntaxError) and error.lineno is not None:
        return [error.lineno]
    frames = traceback.extract_tb(error.__traceback__)
    return [frame.lineno for frame in reversed(frames) if frame.filename == str(path) and frame.lineno]
