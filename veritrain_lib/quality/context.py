"""Data and services that a gate check may use besides the rows it judges (`Context`)."""

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
    """Data and services that a gate check may use besides the rows it judges: accepted rows, the task, models.

    Attributes:
        task: The task.
        accepted_rows: Rows accepted in earlier versions of the dataset, with answers.
        development: The development rows, with answers.
        test_inputs: The held-out test rows without their answers.
        fit: Function that trains a student (a small model) on rows with answers and returns a scorer of every label.
            Only checks that predict labels need it; without it they raise an error.
        judge: Function that shows rows to the task's LLM judge. It takes the rows and the number of them to show (0:
            the number that the task sets). None if the task has no judge or the suite has no rule that needs it.
        seed: Seed of every random choice.

    Raises:
        UserError: `test_inputs` has an answer, which the gate must not be able to read.
    """

    task: Task
    accepted_rows: pd.DataFrame = field(repr=False)
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
                "set is held out"
            )
