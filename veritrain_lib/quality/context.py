"""What a check may look at beside the rows it judges."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.judging.sampling import JudgedSample
    from veritrain_lib.models.base import Scorer


@dataclass(frozen=True)
class Context:
    """What a check may look at beside the rows it judges.

    `trusted` are the rows accepted so far, with answers; `development` the development rows; `test_inputs`
    the sealed test rows without their answers. `fit` trains a student on rows with answers and hands back
    something that scores every label; it is only needed by checks that predict (None: they end in an error).
    `judge` shows rows to the task's chat model: rows and how many of them (0: the task's number) in, what it said
    out; None where the task has no judge or the suite asks for none.
    `seed` fixes every random choice.

    Raises UserError when `test_inputs` carries an answer: the gate must not be able to look.
    """

    task: Task
    trusted: pd.DataFrame = field(repr=False)
    development: pd.DataFrame = field(repr=False)
    test_inputs: pd.DataFrame = field(repr=False)
    fit: Callable[[pd.DataFrame], Scorer] | None = field(default=None, repr=False)
    judge: Callable[[pd.DataFrame, int], JudgedSample] | None = field(default=None, repr=False)
    seed: int = 0

    def __post_init__(self) -> None:
        target = self.task.target.field
        if target in self.test_inputs.columns and (self.test_inputs[target].fillna("") != "").any():
            raise UserError(
                f"the gate was given test rows with answers ({target}); read them with answers=False: the test "
                "set is sealed"
            )
