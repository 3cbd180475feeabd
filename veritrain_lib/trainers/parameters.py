"""Checks of parameters and rows that several trainers share; each error message says what is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task


def with_defaults(trainer: str, defaults: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return a trainer's default parameters, overridden by those of the task file.

    Args:
        trainer: name of the trainer, for the message.
        defaults: default value of every parameter.
        parameters: parameters in the task file.

    Raises:
        UserError: the trainer does not have one of the parameters.
    """
    unknown = sorted(set(parameters) - set(defaults))
    if unknown:
        raise UserError(
            f"trainer {trainer} has no parameter {', '.join(unknown)}; allowed: {', '.join(defaults)}"
        )
    return {**defaults, **parameters}


def ngram_range(name: str, value: Any) -> tuple[int, int]:
    """Return a trainer's parameter for the [shortest, longest] n-gram as a tuple, after checking it.

    Args:
        name: name of the parameter, for the message.
        value: value in the task file.

    Raises:
        UserError: the value is not a pair of whole numbers with 1 <= shortest <= longest <= 10.
    """
    integers = (
        isinstance(value, list | tuple) and len(value) == 2 and all(type(length) is int for length in value)
    )
    if not integers or not 1 <= value[0] <= value[1] <= 10:
        raise UserError(
            f"{name} must be [shortest, longest] with 1 <= shortest <= longest <= 10, not {value!r}"
        )
    return (value[0], value[1])


def positive_number(name: str, value: Any) -> float:
    """Return a trainer's parameter as a float, after checking that it is a finite number above 0.

    Args:
        name: name of the parameter, for the message.
        value: value in the task file.

    Raises:
        UserError: the value is anything else.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise UserError(f"{name} must be a number above 0, not {value!r}")
    return float(value)


def number_from_zero(name: str, value: Any) -> float:
    """Return a trainer's parameter as a float, after checking that it is a finite number of at least 0.

    Args:
        name: name of the parameter, for the message.
        value: value in the task file.

    Raises:
        UserError: the value is anything else.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise UserError(f"{name} must be a number from 0, not {value!r}")
    return float(value)


def positive_integer(name: str, value: Any) -> int:
    """Return a trainer's parameter, after checking that it is a whole number of at least 1.

    Args:
        name: name of the parameter, for the message.
        value: value in the task file.

    Raises:
        UserError: the value is anything else.
    """
    if type(value) is not int or value < 1:
        raise UserError(f"{name} must be a whole number from 1, not {value!r}")
    return value


def required_answers(task: Task, rows: pd.DataFrame) -> list[str]:
    """Return the answers of training rows, in order, after checking that every row has one.

    Raises:
        UserError: rows have no answer; the message names their ids.
    """
    target = task.target.field
    answers = rows[target].fillna("").astype(str)
    empty = rows.loc[(answers.str.strip() == "").to_numpy(), "id"]
    if len(empty):
        raise UserError(
            f"{len(empty)} training row(s) have no {target}: ids {', '.join(map(str, empty[:5]))}"
            f"{' ...' if len(empty) > 5 else ''}. Label them or leave them out."
        )
    return answers.tolist()
