"""Parameters of a gate check, read from its function's signature, and their validation.

Open this when a suite is rejected because of `meta.parameters`.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def declared_parameters(check: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Return the parameters that a suite may set for a gate check: the keyword-only parameters of its function.

    Args:
        check: The check function.

    Returns:
        Parameters by name in the order of the signature, each with its default and annotation.
    """
    signature = inspect.signature(check)
    return {
        name: parameter
        for name, parameter in signature.parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }


def validated_parameters(rule: str, check: Callable[..., Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Validate a gate rule's parameters against the annotations of its check's function.

    Args:
        rule: Id of the rule, named in error messages.
        check: The check function.
        values: Parameter values from the suite.

    Returns:
        The validated values by parameter name.

    Raises:
        UserError: A parameter is unknown or missing, or its value is wrong; the message names the rule and what is
            allowed.
    """
    allowed = declared_parameters(check)
    unknown = sorted(set(values) - set(allowed))
    if unknown:
        raise UserError(
            f"rule {rule!r}: unknown parameter(s) {', '.join(unknown)}; allowed: {', '.join(allowed) or 'none'}"
        )
    missing = [
        name
        for name, parameter in allowed.items()
        if parameter.default is inspect.Parameter.empty and name not in values
    ]
    if missing:
        raise UserError(f"rule {rule!r}: parameter(s) {', '.join(missing)} are required")
    validated = {}
    for name, value in values.items():
        try:
            validated[name] = _adapter(check, allowed[name]).validate_python(value, strict=True)
        except ValidationError as error:
            message = error.errors()[0]["msg"]
            raise UserError(f"rule {rule!r}: parameter {name} is {value!r}: {message}") from error
    return validated


def _adapter(check: Callable[..., Any], parameter: inspect.Parameter) -> TypeAdapter[Any]:
    annotation = parameter.annotation
    if annotation is inspect.Parameter.empty:
        return TypeAdapter(Any)
    if isinstance(annotation, str):
        # Only the parameters are resolved: `rows: pd.DataFrame` may be imported for type checking only.
        annotation = eval(annotation, getattr(check, "__globals__", {}))
    return TypeAdapter(annotation)
