"""Expectations of Great Expectations (its rules) by name: classes, objects, and the columns that they judge."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    from types import ModuleType

    from veritrain_lib.quality.suite import Rule


def gx() -> ModuleType:
    """Import Great Expectations without analytics and return the module; the first call takes several seconds."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    # This grammar takes 5 seconds to import, and only jsonschema's optional URI formats need it.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    import great_expectations

    return great_expectations


def expectation(rule: Rule) -> Any:
    """Return the Great Expectations object for a gate rule.

    Args:
        rule: The rule.

    Returns:
        The expectation with the rule's severity, and its id in `meta`.

    Raises:
        UserError: Great Expectations does not know the type or a kwarg, or the kwarg is not supported by the gate.
    """
    gx()
    from pydantic.v1 import ValidationError

    expectation_type = expectation_class(rule.type)
    reserved = sorted({"result_format", "catch_exceptions"} & set(rule.kwargs))
    if reserved:
        raise UserError(
            f"{', '.join(reserved)} can't be set in a suite: the gate needs to know which rows are rejected"
        )
    if rule.kwargs.get("row_condition") is not None:
        raise UserError(
            "row_condition is not supported: the rows that it leaves out would pass unchecked; write a check "
            "of your own instead (docs/own_rule.md)"
        )
    try:
        arguments: dict[str, Any] = {**rule.kwargs, "severity": rule.severity, "meta": {"rule": rule.id}}
        return expectation_type(**arguments)
    except (ValidationError, TypeError, ValueError) as error:
        raise UserError(f"{rule.type} does not take these kwargs: {error}") from error


def expectation_class(name: str) -> Any:
    """Return Great Expectations' class for the name of an expectation.

    Args:
        name: Type of Great Expectations itself, of an entry point of the group `veritrain.expectations`, or of a file
            that the task names; such as `expect_column_values_to_be_unique`.

    Returns:
        The expectation class.

    Raises:
        UserError: The type is none of these; the message suggests the nearest one.
    """
    gx()
    from great_expectations.exceptions.exceptions import ExpectationNotFoundError
    from great_expectations.expectations.registry import (
        get_expectation_impl,
        list_registered_expectation_implementations,
    )

    from veritrain_lib.core import registry

    if name not in list_registered_expectation_implementations() and name in registry.names("expectations"):
        # Great Expectations registers a class when it is defined, so importing it is enough.
        registry.get("expectations", name)
    try:
        return get_expectation_impl(name)
    except ExpectationNotFoundError as error:
        import difflib

        matches = difflib.get_close_matches(name, list_registered_expectation_implementations(), n=1)
        hint = f" Did you mean {matches[0]!r}?" if matches else ""
        raise UserError(f"unknown expectation type {name!r}.{hint}") from error


def is_row_rule(rule: Rule) -> bool:
    """Return whether an expectation of Great Expectations judges rows one by one, instead of the whole table.

    Args:
        rule: The rule.

    Returns:
        True for expectations about the values of one column or several.

    Raises:
        UserError: There is no expectation of the rule's type.
    """
    gx()
    from great_expectations.expectations.expectation import (
        ColumnMapExpectation,
        ColumnPairMapExpectation,
        MulticolumnMapExpectation,
    )

    kinds = (ColumnMapExpectation, ColumnPairMapExpectation, MulticolumnMapExpectation)
    return issubclass(expectation_class(rule.type), kinds)


def judged_columns(rule: Rule) -> list[str]:
    """Return the columns that a gate rule's expectation judges.

    Args:
        rule: The rule.

    Returns:
        One column or several; empty for an expectation about the whole table.
    """
    kwargs = rule.kwargs
    names = [
        kwargs.get("column"),
        kwargs.get("column_A"),
        kwargs.get("column_B"),
        *kwargs.get("column_list", []),
    ]
    return [str(name) for name in names if name is not None]
