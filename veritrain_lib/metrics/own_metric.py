"""Metric of the user's own: a function in a Python file beside the task (docs/own_metric.md)."""

from __future__ import annotations

import inspect
import json
import numbers
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.digest import of_file
from veritrain_lib.core.errors import UserError
from veritrain_lib.metrics.accuracy import best_answers
from veritrain_lib.metrics.base import Metric, row_of
from veritrain_lib.trust import own_code

if TYPE_CHECKING:
    import numpy as np

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import MetricChoice, Task

FUNCTION = "grade"
"""Name of the function that the user's file must define."""

PAGE = "docs/own_metric.md"

LEADING = ("expected", "answer", "row")
"""First parameters of the user's function, which Veri-Train fills in; it may lack the third (`row`)."""


class OwnMetric(Metric):
    """Metric of the user's own: mean over rows of the grades, 0 to 1, that their function returns.

    A row without an answer is graded 0.

    Args:
        task: the task.
        choice: the metric's entry in the task file, with its `file`.

    Raises:
        UserError: the file can't be used, its function takes other parameters, or its name is that of another metric.
        Refused: the file lies in the folders where MLflow's artifacts are stored.
    """

    higher_is_better = True

    def __init__(self, task: Task, choice: MetricChoice) -> None:
        assert choice.file is not None
        self.name = choice.name
        self.version = choice.version
        self._path = (task.path.parent / choice.file).resolve()
        self._subject = f"metrics: {choice.file}"
        self._parameters = dict(choice.parameters)
        self._digest = of_file(self._path) if self._path.is_file() else ""
        self._grade = own_code.load_own_function(self._path, self._subject, FUNCTION, PAGE)
        signature = inspect.signature(self._grade)
        if problem := signature_problem(signature, self._parameters):
            raise UserError(f"{self._subject}: {problem}")
        self._takes_row = "row" in signature.parameters

    def signature(self) -> str:
        """Return what determines the metric (name, version, digest of the file, parameters), as one line of text."""
        parameters = json.dumps(self._parameters, sort_keys=True, ensure_ascii=False, default=str)
        return f"{self.name}|v{self.version}|file:{self._digest[:16]}|parameters:{parameters}|no_answer:0"

    def per_row(self, references: Sequence[str], responses: Sequence[Response]) -> np.ndarray:
        """Return the grade, 0 to 1, that the user's function returns for each row; an array of shape (rows,).

        Raises:
            UserError: the function fails, or returns something else than a number from 0 to 1.
        """
        import numpy as np

        answers = best_answers(references, responses)
        return np.array(
            [
                0.0 if answer is None else self._grade_of(reference, answer)
                for reference, answer in zip(references, answers, strict=True)
            ]
        )

    def value(self, references: Sequence[str], responses: Sequence[Response]) -> float:
        """Return the mean over rows of the grades that the user's function returns, 0 to 1."""
        return float(self.per_row(references, responses).mean())

    def _grade_of(self, reference: str, answer: str) -> float:
        import numpy as np

        arguments: dict[str, Any] = dict(self._parameters)
        if self._takes_row:
            arguments["row"] = dict(row_of(reference))
        try:
            grade = self._grade(str(reference), answer, **arguments)
        except Exception as error:
            failure = own_code.describe_failure(error, self._path, self._subject)
            raise UserError(f"{failure} (expected {reference[:80]!r}, answer {answer[:80]!r})") from error
        value = float(grade) if isinstance(grade, numbers.Real | np.bool_) else float("nan")
        if not 0 <= value <= 1:
            raise UserError(
                f"{self._subject}: {FUNCTION} gave {grade!r} for expected {reference[:80]!r}, answer {answer[:80]!r}; a "
                "grade is a number from 0 (wrong) to 1 (right)"
            )
        return value


def signature_problem(signature: inspect.Signature, parameters: dict[str, Any]) -> str:
    """Return why a user's function can't be a metric with the parameters of the task file; "" if it can.

    Args:
        signature: the signature of the function.
        parameters: the parameters in the task file, by name.
    """
    if list(signature.parameters)[:2] != list(LEADING[:2]):
        return (
            f"{FUNCTION} takes ({', '.join(signature.parameters)}); its first parameters must be expected, answer "
            f"(and row, where it needs the whole row; {PAGE})"
        )
    problem = own_code.parameter_problem(signature, LEADING, parameters)
    return f"{FUNCTION}: {problem}" if problem else ""
