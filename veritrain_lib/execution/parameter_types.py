"""Types that a notebook's parameter may have, parsed from its annotation.

They are bool, int, float, str, list, dict, None, Any, Literal[...], `X | Y`, Optional[X], Union[X, Y], list[X] and
dict[str, X], nested to any depth. Values are plain data that JSON can hold, because papermill silently turns everything
else into text.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from typing import Any

SUPPORTED = "bool, int, float, str, list, dict, list[X], dict[str, X], Literal[...], X | Y, X | None, Any"
"""List of the supported types for error messages."""

_SIMPLE_CHECKS: dict[str, Callable[[Any], bool]] = {
    "bool": lambda value: isinstance(value, bool),
    # a bool is an int in Python, but not for people
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "float": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "str": lambda value: isinstance(value, str),
    "list": lambda value: isinstance(value, list) and _is_plain(value),
    "dict": lambda value: isinstance(value, dict) and _is_plain(value),
    "None": lambda value: value is None,
    "Any": lambda value: _is_plain(value),
}
_CONSTANTS: dict[str, dict[str, bool | None]] = {
    "None": {"none": None, "null": None},
    "bool": {"true": True, "false": False},
}
_TYPING_ALIASES = {"List": "list", "Dict": "dict"}


class UnsupportedType(ValueError):
    """Error: an annotation in a notebook's parameters cell is not a type that a parameter can have."""


class ParameterType:
    """Type of a notebook's parameter, which checks values and converts text to them.

    >>> ParameterType("int | None").fits(True)
    False
    >>> ParameterType("str").from_text("007")
    '007'
    """

    def __init__(self, annotation: str | type) -> None:
        """Parse an annotation, given as a type or as its text.

        Raises:
            UnsupportedType: The annotation is not one of `SUPPORTED`.
        """
        plain_class = isinstance(annotation, type) and not hasattr(annotation, "__args__")
        self.text = annotation.__name__ if plain_class else str(annotation)  # type: ignore[union-attr]
        self.text = self.text.replace("typing.", "").replace("NoneType", "None")
        try:
            self._node = ast.parse(self.text, mode="eval").body
        except SyntaxError as error:
            raise UnsupportedType(f"{self.text!r} is not a type") from error
        self._choices = _choices(self._node)

    def fits(self, value: Any) -> bool:
        """Return whether a value has this type; an int fits float, but a bool fits only bool."""
        return any(choice.fits(value) for choice in self._choices)

    def from_text(self, text: str) -> Any:
        """Convert a text from a command line to this type.

        A bool is written `true` or `false`, a list or dict as JSON. None is written `none` or `null` in upper or lower
        case, but only `None` if the type also allows text. If the type has several alternatives, they are tried from
        Literal, None, bool, int, float, list and dict to Any and str, and the first that fits the text is used.

        Raises:
            ValueError: The text can't be converted to this type.
        """
        takes_text = any(choice.name == "str" for choice in self._choices)
        for choice in sorted(self._choices, key=lambda choice: choice.order):
            if choice.name == "None" and takes_text and text != "None":
                continue
            try:
                value = choice.read(text)
            except ValueError:
                continue
            if choice.fits(value):
                return value
        raise ValueError(f"{text!r} can't be read as {self.text}")


class _Choice:
    """One alternative of a parameter's type, such as `int` in `int | None`."""

    ORDER = ("Literal", "None", "bool", "int", "float", "list", "dict", "Any", "str")
    """Order in which alternatives are tried when a text is converted."""

    def __init__(self, name: str, fits: Callable[[Any], bool], options: tuple[Any, ...] = ()) -> None:
        self.name, self.fits, self.options = name, fits, options
        self.order = self.ORDER.index(name)

    def read(self, text: str) -> Any:
        """Convert a text to this alternative.

        Raises:
            ValueError: The text can't be converted.
        """
        match self.name:
            case "str":
                return text
            case "int":
                return int(text)
            case "float":
                return float(text)
            case "Literal":
                return next(iter([option for option in self.options if str(option) == text]), object())
            case "None" | "bool":
                if text.lower() not in _CONSTANTS[self.name]:
                    raise ValueError(text)
                return _CONSTANTS[self.name][text.lower()]
        return json.loads(text)


def _choices(node: ast.expr) -> list[_Choice]:
    """Return the alternatives that an annotation's syntax tree names, such as two for `int | None`.

    Raises:
        UnsupportedType: The annotation names another type.
    """
    match node:
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _choices(left) + _choices(right)
        case ast.Constant(value=None):
            return [_Choice("None", _SIMPLE_CHECKS["None"])]
        case ast.Constant(value=str(quoted)):
            return _choices(ast.parse(quoted, mode="eval").body)
        case ast.Attribute(attr=name) | ast.Name(id=name):
            name = _TYPING_ALIASES.get(name, name)
            if name in _SIMPLE_CHECKS:
                return [_Choice(name, _SIMPLE_CHECKS[name])]
        case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), slice=inner):
            parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            return _generic(_TYPING_ALIASES.get(name, name), parts, ast.unparse(node))
    raise UnsupportedType(f"{ast.unparse(node)!r} is not a type a parameter can have ({SUPPORTED})")


def _generic(name: str, parts: list[ast.expr], text: str) -> list[_Choice]:
    """Return the alternatives of a type with parameters, such as `list[int]`.

    Args:
        name: Name before the bracket.
        parts: Syntax trees of the parameters in the bracket.
        text: The whole annotation, for the error.

    Raises:
        UnsupportedType: The annotation names another type.
    """
    if name == "Literal":
        options = tuple(ast.literal_eval(part) for part in parts)
        return [
            _Choice(
                "Literal",
                lambda value: any(value == o and type(value) is type(o) for o in options),
                options,
            )
        ]
    if name == "Union":
        return [choice for part in parts for choice in _choices(part)]
    if name == "Optional" and len(parts) == 1:
        return [*_choices(parts[0]), _Choice("None", _SIMPLE_CHECKS["None"])]
    inner = _choices(parts[-1])

    def item_fits(value: Any) -> bool:
        return any(choice.fits(value) for choice in inner)

    if name == "list" and len(parts) == 1:
        return [_Choice("list", lambda v: isinstance(v, list) and all(map(item_fits, v)))]
    if name == "dict" and len(parts) == 2 and ast.unparse(parts[0]) == "str":
        return [
            _Choice(
                "dict",
                lambda v: (
                    isinstance(v, dict)
                    and all(isinstance(key, str) for key in v)
                    and all(map(item_fits, v.values()))
                ),
            )
        ]
    raise UnsupportedType(f"{text!r} is not a type a parameter can have ({SUPPORTED})")


def _is_plain(value: Any) -> bool:
    """Return whether papermill writes a value unchanged: text, number, bool, None, or lists and dicts of these."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(item) for key, item in value.items())
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str)
