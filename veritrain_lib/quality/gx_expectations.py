"""Expectations of Great Expectations by name: which class, made with what, and what it looks at."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    from types import ModuleType

    from veritrain_lib.quality.suite import Rule


def gx() -> ModuleType:
    """Great Expectations, imported on first use: quiet, and without analytics."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    # A grammar of 5 seconds that only jsonschema's optional URI formats need.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    import great_expectations

    return great_expectations


def expectation(rule: Rule) -> Any:
    """The Great Expectations object of a rule.

    Raises UserError for a type or a kwarg that Great Expectations does not know.
    """
    gx()
    from pydantic.v1 import ValidationError

    kind = expectation_class(rule.type)
    taken = sorted({"result_format", "catch_exceptions"} & set(rule.kwargs))
    if taken:
        raise UserError(
            f"{', '.join(taken)} can't be set in a suite: the gate needs to know which rows are rejected"
        )
    if rule.kwargs.get("row_condition") is not None:
        raise UserError(
            "row_condition is not taken: the rows that it leaves out would pass without being looked at; write a check "
            "of your own instead (docs/own_rule.md)"
        )
    try:
        made: dict[str, Any] = {**rule.kwargs, "severity": rule.severity, "meta": {"rule": rule.id}}
        return kind(**made)
    except (ValidationError, TypeError, ValueError) as error:
        raise UserError(f"{rule.type} does not take these kwargs: {error}") from error


def expectation_class(name: str) -> Any:
    """The class of an expectation type: of Great Expectations itself, of an entry point of the group
    `veritrain.expectations` with that name, or of a file that the task names.

    Raises UserError for a type that is none of these, with the nearest that is.
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

        near = difflib.get_close_matches(name, list_registered_expectation_implementations(), n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise UserError(f"unknown expectation type {name!r}.{hint}") from error


def is_row_rule(rule: Rule) -> bool:
    """Whether the expectation judges rows one by one (by one column or several), not the whole table."""
    gx()
    from great_expectations.expectations.expectation import (
        ColumnMapExpectation,
        ColumnPairMapExpectation,
        MulticolumnMapExpectation,
    )

    kinds = (ColumnMapExpectation, ColumnPairMapExpectation, MulticolumnMapExpectation)
    return issubclass(expectation_class(rule.type), kinds)


def judged_columns(rule: Rule) -> list[str]:
    """The columns that a rule's expectation looks at, one or several; empty for one about the whole table."""
    kwargs = rule.kwargs
    named = [
        kwargs.get("column"),
        kwargs.get("column_A"),
        kwargs.get("column_B"),
        *kwargs.get("column_list", []),
    ]
    return [str(name) for name in named if name is not None]
