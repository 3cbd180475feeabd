"""What is measured: one protocol. A metric says what made its number by a signature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from veritrain_lib.core import registry
from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task


class Metric(Protocol):
    """A number from references and responses. Made by `Metric(task, **parameters)`.

    A row that a model failed on stays in the denominator: it counts as wrong. Where there is nothing to measure (0 of 0)
    the value is NaN, which is shown as not measured; the single row is graded 1 then, since nothing in it is wrong. A metric that does not run from 0 to
    1 says by attributes where it ends (`scale`: 100 for BLEU) and begins (`lowest`: 1 for points), and one that is no mean of rows may grade single
    rows by a method `grades` (references and responses in, shape (rows,), on the metric's own scale). A method
    `details` gives a table of what made the number, for the error analysis; a method `interval` its own 95 % interval (references and responses in,
    low and high end out), where the bootstrap is not good enough; `asks_judge` (True) says that a paid model
    makes it, which can't be the first one of a task; `cuts_words` (True) that free text is cut into words by its
    language, which the task must then declare.
    """

    name: str
    version: int
    higher_is_better: bool

    def signature(self) -> str:
        """What made the number, in one line: name, version, settings, library versions."""
        ...

    def per_row(self, references: Sequence[str], responses: Sequence[Response]) -> np.ndarray | None:
        """Shape (rows,): one score a row whose mean is the metric; None when it is no mean of rows."""
        ...

    def value(self, references: Sequence[str], responses: Sequence[Response]) -> float:
        """The metric over all rows."""
        ...


class Reference(str):
    """The right answer of a row, which knows its row: the text of each column by name.

    Metrics that compare an answer with what was asked (terms, judges) need more than the right answer.
    """

    __slots__ = ("row",)

    row: Mapping[str, str]


def references_of(task: Task, rows: pd.DataFrame) -> list[str]:
    """The right answers of rows, each of them a `Reference`."""
    columns = [name for name in task.columns if name in rows.columns]
    made: list[str] = []
    for row in rows[columns].to_dict("records"):
        one = Reference(row[task.target.field])
        one.row = {str(name): str(value) for name, value in row.items()}
        made.append(one)
    return made


def row_of(reference: str) -> Mapping[str, str]:
    """The row of a reference. Raises ValueError for a plain text, which knows none."""
    if not isinstance(reference, Reference):
        raise ValueError(f"the reference {str(reference)[:60]!r} knows no row; make it by references_of")
    return reference.row


def scale_of(metric: Metric) -> float:
    """Where the metric's scale ends: 1 unless it says otherwise."""
    return float(getattr(metric, "scale", 1.0))


def row_scores(metric: Metric, references: Sequence[str], responses: Sequence[Response]) -> np.ndarray:
    """Shape (rows,), 0 to 1, higher is better: how good each answer is by the metric, for slices and plans.

    A metric of the whole set that grades no single row counts an answer as right or wrong.
    """
    import numpy as np

    each = metric.per_row(references, responses)
    if each is None and hasattr(metric, "grades"):
        each = np.asarray(metric.grades(references, responses))
    if each is None:
        return np.array(
            [float(response.best == wanted) for response, wanted in zip(responses, references, strict=True)]
        )
    # An error rate may pass its scale (TER counts more edits than words); worse than all wrong is no use here.
    lowest = float(getattr(metric, "lowest", 0.0))
    shares: np.ndarray = np.clip((each - lowest) / (scale_of(metric) - lowest), 0.0, 1.0)
    return shares if metric.higher_is_better else 1 - shares


def open_metrics(task: Task) -> list[Metric]:
    """The task's metrics, the primary one first.

    Raises UserError when a version or a direction is not the one that the task states, a parameter is unknown, or the
    first one asks a judge.
    """
    opened: list[Metric] = []
    for choice in task.metrics:
        kind = registry.get("metrics", choice.name)
        try:
            metric: Metric = kind(task, **choice.parameters)
        except TypeError as error:
            raise UserError(
                f"task {task.name}: metric {choice.name} can't be made with parameters {choice.parameters}: {error}"
            ) from error
        for what in ("version", "higher_is_better"):
            stated, real = getattr(choice, what), getattr(metric, what)
            if stated != real:
                raise UserError(
                    f"task {task.name}: metric {choice.name} has {what} {real}, the task states {stated}; correct the task file"
                )
        if not opened and getattr(metric, "asks_judge", False):
            raise UserError(
                f"task {task.name}: metric {choice.name} asks a judge, who is never shown sealed rows, so it can't "
                "decide promotion; list another metric first"
            )
        opened.append(metric)
    return opened


def primary_metric(task: Task) -> Metric:
    """The metric that steers and decides."""
    return open_metrics(task.model_copy(update={"metrics": task.metrics[:1]}))[0]
