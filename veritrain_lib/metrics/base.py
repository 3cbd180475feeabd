"""The protocol `Metric`, the opening of a task's metrics, and scores of single rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from veritrain_lib.core import registry
from veritrain_lib.core.errors import UserError
from veritrain_lib.trust import own_code

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import MetricChoice, Task


class Metric(Protocol):
    """A metric: a number computed from references and responses.

    It is constructed by `Metric(task, **parameters)`. A row that a model failed on stays in the denominator: it counts
    as wrong. Where there is nothing to measure (0 of 0) the value is NaN, which is shown as not measured; a single
    such row scores 1, since nothing in it is wrong.

    A class inherits from this one, which has a default for all but what every metric must say itself, or has every
    member of its own.

    Attributes:
        name: the name in the task file.
        version: raised when the definition changes.
        higher_is_better: the direction of the metric.
        scale: upper end of the metric (100 for BLEU).
        lowest: lower end of the metric (1 for points).
        asks_judge: the metric calls a paid judge model, so it can't be the first metric of a task.
        cuts_words: free text is tokenized into words by language, which the task must then declare.
    """

    name: str
    version: int
    higher_is_better: bool
    scale: float = 1.0
    lowest: float = 0.0
    asks_judge: bool = False
    cuts_words: bool = False

    def signature(self) -> str:
        """Return what determines the number, in one line: name, version, settings, library versions."""
        ...

    def per_row(self, references: Sequence[str], responses: Sequence[Response]) -> np.ndarray | None:
        """Return one score a row whose mean is the metric, shape (rows,); None when it is not a mean over rows."""
        ...

    def value(self, references: Sequence[str], responses: Sequence[Response]) -> float:
        """Return the metric over all rows."""
        ...

    def grades(self, references: Sequence[str], responses: Sequence[Response]) -> np.ndarray | None:
        """Return scores of single rows on the metric's scale, shape (rows,), where it is no mean of rows; None: none."""
        return None

    def details(self, references: Sequence[str], responses: Sequence[Response]) -> pd.DataFrame | None:
        """Return a table with the components of the number, for the error analysis; None where there are none."""
        return None

    def interval(
        self, references: Sequence[str], responses: Sequence[Response]
    ) -> tuple[float, float] | None:
        """Return both ends of the 95 % interval where the bootstrap is not accurate enough; None: take the bootstrap."""
        return None


class Reference(str):
    """The reference answer of a row, with the row attached.

    Metrics that compare an answer with the input (terms, judges) need more than the reference answer.

    Attributes:
        row: the text of each column by name.
    """

    __slots__ = ("row",)

    row: Mapping[str, str]


def references_of(task: Task, rows: pd.DataFrame) -> list[str]:
    """Return the reference answers of rows, each a `Reference`."""
    columns = [name for name in task.columns if name in rows.columns]
    references: list[str] = []
    for row in rows[columns].to_dict("records"):
        reference = Reference(row[task.target.field])
        reference.row = {str(name): str(value) for name, value in row.items()}
        references.append(reference)
    return references


def row_of(reference: str) -> Mapping[str, str]:
    """Return the row of a reference.

    Raises:
        ValueError: the reference is a plain text without a row.
    """
    if not isinstance(reference, Reference):
        raise ValueError(f"the reference {str(reference)[:60]!r} has no row; create it with references_of")
    return reference.row


def metric_class(name: str) -> type[Metric]:
    """Return the class of a metric by its name.

    Raises:
        UserError: there is no such metric, or its class lacks a member of `Metric`.
    """
    found: type[Metric] = registry.get("metrics", name)
    registry.require_members("metrics", name, found, Metric)
    return found


def row_scores(metric: Metric, references: Sequence[str], responses: Sequence[Response]) -> np.ndarray:
    """Score each answer by the metric, for slices and generation plans.

    A corpus metric that can't score single rows counts an answer as right or wrong.

    Returns:
        Shape (rows,), 0 to 1, higher is better.
    """
    import numpy as np

    scores = metric.per_row(references, responses)
    if scores is None:
        scores = metric.grades(references, responses)
    if scores is None:
        return np.array(
            [
                float(response.best == reference)
                for response, reference in zip(responses, references, strict=True)
            ]
        )
    # An error rate may exceed its scale (TER may count more edits than words): it is clipped.
    shares: np.ndarray = np.clip((scores - metric.lowest) / (metric.scale - metric.lowest), 0.0, 1.0)
    return shares if metric.higher_is_better else 1 - shares


def open_metric(task: Task, choice: MetricChoice) -> Metric:
    """Open one of the task's metrics, by its name or from the user's own file.

    Raises:
        UserError: a version or direction differs from the one that the task states, a parameter is unknown, or the
            user's file can't be used.
        Refused: the user's file lies among the files of the record.
    """
    try:
        metric: Metric = _named_metric(task, choice) if choice.file is None else _own_metric(task, choice)
    except TypeError as error:
        raise UserError(
            f"task {task.name}: metric {choice.name} can't be made with parameters {choice.parameters}: {error}"
        ) from error
    for attribute in ("version", "higher_is_better"):
        declared, actual = getattr(choice, attribute), getattr(metric, attribute)
        if declared != actual:
            raise UserError(
                f"task {task.name}: metric {choice.name} has {attribute} {actual}, the task states {declared}; correct the task file"
            )
    return metric


def _named_metric(task: Task, choice: MetricChoice) -> Metric:
    factory: Any = metric_class(choice.name)
    metric: Metric = factory(task, **choice.parameters)
    return metric


def _own_metric(task: Task, choice: MetricChoice) -> Metric:
    from veritrain_lib.metrics.own_metric import OwnMetric

    own_code.require_free_name("metrics", choice.name, f"metrics: {choice.file}")
    return OwnMetric(task, choice)


def require_no_judge(task: Task, metric: Metric) -> None:
    """Require that a metric, the primary one, calls no judge.

    Raises:
        UserError: it does.
    """
    if metric.asks_judge:
        raise UserError(
            f"task {task.name}: metric {metric.name} calls a judge, which is never shown the held-out test set, so it can't "
            "decide promotion; list another metric first"
        )


def open_metrics(task: Task) -> list[Metric]:
    """Open the task's metrics, the primary one first.

    Raises:
        UserError: as `open_metric`, and when the first metric calls a judge.
    """
    opened = [open_metric(task, choice) for choice in task.metrics]
    require_no_judge(task, opened[0])
    return opened


def primary_metric(task: Task) -> Metric:
    """Return the primary metric, which steers generation and decides promotion."""
    return open_metrics(task.model_copy(update={"metrics": task.metrics[:1]}))[0]
