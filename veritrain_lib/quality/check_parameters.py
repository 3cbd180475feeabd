"""The parameters of a check: what it takes is what its signature says."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def declared(check: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """The keyword-only parameters of a check by name, in order, each with its default and annotation."""
    signature = inspect.signature(check)
    return {
        name: parameter
        for name, parameter in signature.parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }


def checked(rule: str, check: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a rule, every one validated against the annotation of the check's signature.

    Raises UserError that names the rule, the unknown parameter or the wrong value, and what is allowed.
    """
    allowed = declared(check)
    unknown = sorted(set(given) - set(allowed))
    if unknown:
        raise UserError(
            f"rule {rule!r}: unknown parameter(s) {', '.join(unknown)}; allowed: {', '.join(allowed) or 'none'}"
        )
    missing = [
        name for name, one in allowed.items() if one.default is inspect.Parameter.empty and name not in given
    ]
    if missing:
        raise UserError(f"rule {rule!r}: parameter(s) {', '.join(missing)} are required")
    values = {}
    for name, value in given.items():
        try:
            values[name] = _adapter(check, allowed[name]).validate_python(value, strict=True)
        except ValidationError as error:
            said = error.errors()[0]["msg"]
            raise UserError(f"rule {rule!r}: parameter {name} is {value!r}: {said}") from error
    return values


def _adapter(check: Callable[..., Any], parameter: inspect.Parameter) -> TypeAdapter[Any]:
    annotation = parameter.annotation
    if annotation is inspect.Parameter.empty:
        return TypeAdapter(Any)
    if isinstance(annotation, str):
        # Only the parameters are looked up: `rows: pd.DataFrame` may be known to the type checker alone.
        annotation = eval(annotation, getattr(check, "__globals__", {}))
    return TypeAdapter(annotation)
