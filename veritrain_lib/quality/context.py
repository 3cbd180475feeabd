"""Data and services that a check may read beside the rows it judges."""

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
    """Data and services that a check may read beside the rows it judges.

    Attributes:
        task: The task.
        accepted_rows: Rows accepted in earlier versions of the dataset, with answers.
        development: The development rows.
        test_inputs: The held-out test rows without their answers.
        fit: Trains a student on rows with answers and returns a scorer of every label. Only checks that predict need it;
            with None they end in an error.
        judge: Shows rows to the task's chat model. Takes the rows and how many of them to show (0: the number that the
            task sets). None where the task has no judge or the suite asks for none.
        seed: Fixes every random choice.

    Raises:
        UserError: When `test_inputs` carries an answer: the gate must not be able to read it.
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
