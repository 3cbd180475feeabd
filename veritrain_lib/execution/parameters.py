"""Parameters that a notebook declares in its `parameters` cell, and checks of values for them.

    seed: int = 0  # RNG seed
    task: str = "intent"  # name of the task

papermill only logs a misspelled name and runs with the default, turns `007` into 7 and accepts any type. Here names and
types are checked before a kernel starts, and `check_injected` lets a notebook do the same when plain papermill runs it.
"""

from __future__ import annotations

import ast
import difflib
import io
import tokenize
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from veritrain_lib.execution.parameter_types import ParameterType, UnsupportedType

TAG = "parameters"
"""Tag of the cell in which a notebook declares its parameters."""


class ParameterError(ValueError):
    """Error: values for a notebook's parameters have unknown names or wrong types; the message lists every problem."""


@dataclass(frozen=True)
class Parameter:
    """One parameter of a notebook, declared by one line of its parameters cell.

    Attributes:
        name: Name of the parameter.
        annotation: Its type as written; for a line without annotation, the type of its default.
        default: Its value when none is passed.
        comment: The author's comment on the same line; empty if there is none.
    """

    name: str
    annotation: str
    default: Any
    comment: str


def read_parameters(notebook: Path) -> tuple[Parameter, ...]:
    """Return the parameters that a notebook declares, in order; none if no cell has the tag `parameters`.

    Raises:
        FileNotFoundError: There is no such notebook.
        ParameterError: There are two such cells, the cell isn't plain Python, or a default is not a literal or doesn't
            fit its own type.
        ValueError: The file is not a notebook.
    """
    cells = [
        cell.source
        for cell in read_notebook(notebook).cells
        if cell.cell_type == "code" and TAG in cell.metadata.get("tags", [])
    ]
    if len(cells) > 1:
        raise ParameterError(
            f"{notebook} has {len(cells)} cells tagged `{TAG}`, and papermill would take the first: keep one."
        )
    return tuple(_declared_parameters(cells[0], notebook)) if cells else ()


def check_parameters(notebook: Path, values: Mapping[str, Any]) -> dict[str, Any]:
    """Check values against the parameters that a notebook declares, and return them unchanged as a dict.

    An int fits a float parameter; a bool fits only bool; None fits only a type that allows it. Nothing is converted:
    "007" is not an int.

    Args:
        notebook: The notebook.
        values: Values by parameter name.

    Raises:
        FileNotFoundError: There is no such notebook.
        ParameterError: A name is unknown or a value has the wrong type; the message lists all such problems.
    """
    types = {p.name: p.annotation for p in read_parameters(notebook)}
    _raise_if(_problems(values, types), f"{notebook.name} can't run with these parameters")
    return dict(values)


def parse_assignments(assignments: Iterable[str], notebook: Path) -> dict[str, Any]:
    """Convert `name=value` texts from a command line to values of the types that a notebook declares, by name.

    "007" stays text for a str parameter, "true" becomes True for a bool one; lists and dicts are written as JSON; see
    `ParameterType.from_text`.

    Raises:
        ParameterError: A text has no `=`, a name occurs twice or is unknown, or a value can't be converted.
    """
    types = {p.name: p.annotation for p in read_parameters(notebook)}
    values: dict[str, Any] = {}
    problems: list[str] = []
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        name = name.strip()
        if not equals:
            problems.append(f"{assignment!r} is not an assignment: write name=value.")
        elif name in values:
            problems.append(f"{name!r} is given twice: give it once.")
        elif name not in types:
            problems += _problems({name: text}, types)
        else:
            try:
                values[name] = ParameterType(types[name]).from_text(text)
            except ValueError as error:
                problems.append(f"{name!r}: {error}.")
    _raise_if(problems, f"{notebook.name} can't run with these parameters")
    return values


def check_injected(source_cells: Sequence[str], allowed: Mapping[str, str | type]) -> dict[str, Any]:
    """Check, in a cell of a running notebook, the parameters that papermill injected into the notebook.

        check_injected(In, {"seed": int, "task": str})

    Args:
        source_cells: Sources of the cells run so far, IPython's `In`.
        allowed: Type of every parameter by name, as a class or as an annotation in text form.

    Returns:
        The injected values by name; empty when nothing was injected.

    Raises:
        ParameterError: papermill was given a misspelled name or a value of the wrong type.
    """
    injected: dict[str, Any] = {}
    for source in source_cells:
        if source.lstrip().startswith("# Parameters"):
            for name, node in _assignments(ast.parse(source)):
                injected[name] = _injected_value(name, node)
    _raise_if(
        _problems(injected, allowed),
        "papermill was given wrong parameters (for text that looks like a number use `-r name value`, "
        "for a bool `-y 'name: true'`)",
    )
    return injected


def read_notebook(path: Path) -> Any:
    """Read a notebook's file and return the notebook as an nbformat 4 object.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is not a notebook.
    """
    import nbformat  # takes a while to import

    if not path.is_file():
        raise FileNotFoundError(f"There is no notebook {path}: check the path.")
    try:
        return nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)  # type: ignore[no-untyped-call]
    except (nbformat.reader.NotJSONError, nbformat.ValidationError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not a Jupyter notebook ({error}).") from error


def _declared_parameters(source: str, notebook: Path) -> Iterable[Parameter]:
    """Yield the parameters that the source of a `parameters` cell declares.

    Args:
        source: Source of the cell.
        notebook: The notebook, for errors.

    Raises:
        ParameterError: The source isn't plain Python, or a default is not a literal or doesn't fit its own type.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise ParameterError(
            f"The `{TAG}` cell of {notebook} is not plain Python ({error.msg}, line {error.lineno})."
        ) from error
    comments = {
        token.start[0]: token.string.lstrip("# ").strip()
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    for statement in tree.body:
        for name, node in _assignments(ast.Module([statement], [])):
            location = f"Parameter {name!r} in the `{TAG}` cell of {notebook}"
            try:
                default = ast.literal_eval(node)
            except ValueError as error:
                raise ParameterError(
                    f"{location} has the default {ast.unparse(node)}, which is computed: write a literal value."
                ) from error
            if isinstance(statement, ast.AnnAssign):
                annotation = ast.unparse(statement.annotation)
            else:
                annotation = "Any" if default is None else type(default).__name__
            try:
                fits = ParameterType(annotation).fits(default)
            except UnsupportedType as error:
                raise ParameterError(f"{location}: {error}.") from error
            if not fits:
                raise ParameterError(
                    f"{location} is {annotation}, but its default is {_describe(default)}: "
                    f"correct one of them (`{annotation} | None` allows None)."
                )
            comment = comments.get(statement.end_lineno or 0, "")
            yield Parameter(name, annotation, default, comment)


def _assignments(tree: ast.Module) -> Iterable[tuple[str, ast.expr]]:
    """Yield name and value expression of each plain assignment at the top level of a module's syntax tree."""
    for statement in tree.body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, value
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value


def _injected_value(name: str, node: ast.expr) -> Any:
    """Return the value of an expression that papermill injected: a literal, or a call such as `float('nan')`.

    Raises:
        ParameterError: The expression is something else.
    """
    match node:
        case ast.Call(func=ast.Name(id="float"), args=[ast.Constant(value=str(text))]):
            return float(text)
    try:
        return ast.literal_eval(node)
    except ValueError as error:
        raise ParameterError(
            f"Parameter {name!r} was injected as {ast.unparse(node)}, which is not a plain value."
        ) from error


def _problems(values: Mapping[str, Any], types: Mapping[str, str | type]) -> list[str]:
    """Return one sentence for each value whose name is unknown or whose type is wrong; empty when all are right."""
    problems = []
    for name, value in values.items():
        if name not in types:
            close_matches = difflib.get_close_matches(str(name), types, n=1, cutoff=0.6)
            allowed = f"Allowed are {', '.join(sorted(types))}." if types else "It has no parameters."
            suggestion = f" Did you mean {close_matches[0]!r}?" if close_matches else ""
            problems.append(f"Unknown parameter {name!r}.{suggestion} {allowed}")
        elif not (expected := ParameterType(types[name])).fits(value):
            problems.append(f"{name!r} is {_describe(value)}, but {expected.text} is expected.")
    return problems


def _describe(value: Any) -> str:
    return "None" if value is None else f"{value!r} ({type(value).__name__})"


def _raise_if(problems: list[str], summary: str) -> None:
    if problems:
        raise ParameterError(f"{summary}: {' '.join(problems)}")
