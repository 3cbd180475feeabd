"""What writes or chooses data: one protocol."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.models.base import Scorer
    from veritrain_lib.task import Task


@dataclass(frozen=True)
class Request:
    """What a teacher is asked for.

    `rows` new examples; `shares` says how many of them each slice value of the target should get (sums to 1;
    empty: the teacher's choice); `trusted` are the rows at hand that may be learnt from (the accepted data so
    far); `used` are ids that must not come again; `known` maps the id of a pool row to the label that people
    gave it; `fit` trains a student on rows (a refit between batches); `screen` takes rows without answers and
    says for each whether it may be chosen; `seed` makes the choice repeatable.
    """

    task: Task
    rows: int
    trusted: pd.DataFrame
    seed: int
    fit: Callable[[pd.DataFrame], Scorer]
    screen: Callable[[pd.DataFrame], pd.Series[bool]]
    shares: dict[str, float] = field(default_factory=dict)
    used: frozenset[str] = frozenset()
    known: dict[str, str] = field(default_factory=dict)
    class_error: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Written:
    """What a teacher hands back.

    `rows` are whole examples; `waiting` are chosen rows whose answer people must still give (same columns,
    empty target); `screened` counts, by reason, pool rows that the rules turned down before choosing; `left`
    is how many more rows the teacher could still give.
    """

    rows: pd.DataFrame
    waiting: pd.DataFrame
    screened: dict[str, int] = field(default_factory=dict)
    left: int | None = None


class Teacher(Protocol):
    """Writes examples. Made by `Teacher(**parameters)` from the task's `teacher` part."""

    name: str

    def write(self, request: Request) -> Written:
        """Give the rows asked for, fewer when there are no more."""
        ...
