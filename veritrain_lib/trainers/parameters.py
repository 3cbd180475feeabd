"""What trainers check of their parameters and rows, each with an error that says what is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task


def known(trainer: str, defaults: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults with what was given. Raises UserError for a parameter that the trainer does not have."""
    unknown = sorted(set(given) - set(defaults))
    if unknown:
        raise UserError(
            f"trainer {trainer} has no parameter {', '.join(unknown)}; allowed: {', '.join(defaults)}"
        )
    return {**defaults, **given}


def span(name: str, value: Any) -> tuple[int, int]:
    """[shortest, longest], 1 to 10. Raises UserError for anything else."""
    whole = isinstance(value, list | tuple) and len(value) == 2 and all(type(end) is int for end in value)
    if not whole or not 1 <= value[0] <= value[1] <= 10:
        raise UserError(
            f"{name} must be [shortest, longest] with 1 <= shortest <= longest <= 10, not {value!r}"
        )
    return (value[0], value[1])


def number(name: str, value: Any) -> float:
    """A number above 0. Raises UserError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise UserError(f"{name} must be a number above 0, not {value!r}")
    return float(value)


def count(name: str, value: Any) -> int:
    """A whole number from 1. Raises UserError for anything else."""
    if type(value) is not int or value < 1:
        raise UserError(f"{name} must be a whole number from 1, not {value!r}")
    return value


def filled(task: Task, rows: pd.DataFrame) -> list[str]:
    """The rows' answers. Raises UserError with the ids of rows that have none."""
    target = task.target.field
    given = rows[target].fillna("").astype(str)
    empty = rows.loc[(given.str.strip() == "").to_numpy(), "id"]
    if len(empty):
        raise UserError(
            f"{len(empty)} training row(s) have no {target}: ids {', '.join(map(str, empty[:5]))}"
            f"{' ...' if len(empty) > 5 else ''}. Label them or leave them out."
        )
    return given.tolist()
