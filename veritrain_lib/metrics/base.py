"""Base class of all metrics, functions that open a task's metrics, and scores of single rows."""

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
    """Base class and protocol of a metric: a number computed from the references and a model's responses.

    It is constructed by `Metric(task, **parameters)`. A row that a model failed on stays in the denominator and counts
    as wrong. If there is nothing to measure (0 of 0), the value is NaN, which is shown as not measured; a single such
    row scores 1, since nothing in it is wrong.

    A metric class either inherits from this class, which has defaults for the optional members, or defines every member
    itself.

    Attributes:
        name: the name in the task file.
        version: number of the definition, raised when the definition changes.
        higher_is_better: whether a higher value is better.
        scale: upper end of the metric, default 1 (100 for BLEU).
        lowest: lower end of the metric, default 0 (1 for points from 1 to 5).
        asks_judge: whether the metric calls a paid judge model, so that it can't be the first metric of a task.
        cuts_words: whether free text is tokenized into words by language, which the task must then declare.
    """

    name: str
    version: int
    higher_is_better: bool
    scale: float = 1.0
    lowest: float = 0.0
    asks_judge: bool = False
    cuts_words: bool = False

    def signature(self) -> str:
        """Return what determines the metric's value (name, version, settings, libraries), as one line of text."""
        ...

    def per_row(self, references: Sequence[str], responses: Sequence[Response]) -> np.ndarray | None:
        """Return the metric's score of each row, shape (rows,); None if the metric is not a mean over rows.

        Args:
            references: the reference answer of each row.
            responses: the model's response to each row, in the same order.
        """
        ...

    def value(self, references: Sequence[str], responses: Sequence[Response]) -> float:
        """Return the metric over all rows.

        Args:
            references: the reference answer of each row.
            responses: the model's response to each row, in the same order.
        """
        ...

    def grades(self, references: Sequence[str], responses: Sequence[Response]) -> np.ndarray | None:
        """Return scores of single rows for a metric that is not a mean over rows; None (default) if it has none.

        The array has shape (rows,).
        """
        return None

    def details(self, references: Sequence[str], responses: Sequence[Response]) -> pd.DataFrame | None:
        """Return a table of the metric's components, such as errors by type, for the error analysis; None: no table."""
        return None

    def interval(
        self, references: Sequence[str], responses: Sequence[Response]
    ) -> tuple[float, float] | None:
        """Return the low and high end of the metric's 95 % confidence interval; None (default): use the bootstrap.

        A metric overrides this where the bootstrap is not accurate.
        """
        return None


class Reference(str):
    """Reference answer of a row: a text with the row attached.

    Some metrics compare an answer with the input (glossary terms, LLM judges) and so need more than the reference
    answer.

    Attributes:
        row: the text of each column of the row, by column name.
    """

    __slots__ = ("row",)

    row: Mapping[str, str]


def references_of(task: Task, rows: pd.DataFrame) -> list[str]:
    """Return the reference answers of a task's rows, each as a `Reference` with its row attached."""
    columns = [name for name in task.columns if name in rows.columns]
    references: list[str] = []
    for row in rows[columns].to_dict("records"):
        reference = Reference(row[task.target.field])
        reference.row = {str(name): str(value) for name, value in row.items()}
        references.append(reference)
    return references


def row_of(reference: str) -> Mapping[str, str]:
    """Return the row that belongs to a reference answer: the text of each column, by the column's name.

    Args:
        reference: A reference answer of `references_of`, which attaches the row to the text.

    Raises:
        ValueError: The reference is a plain text, to which no row is attached.
    """
    if not isinstance(reference, Reference):
        raise ValueError(f"the reference {str(reference)[:60]!r} has no row; create it with references_of")
    return reference.row


def metric_class(name: str) -> type[Metric]:
    """Return the class of a registered metric by its name, such as `accuracy`.

    Raises:
        UserError: there is no such metric, or its class lacks a member of `Metric`.
    """
    found: type[Metric] = registry.get("metrics", name)
    registry.require_members("metrics", name, found, Metric)
    return found


def row_scores(metric: Metric, references: Sequence[str], responses: Sequence[Response]) -> np.ndarray:
    """Score each of a model's answers by a metric on a scale of 0 to 1, for slices and generation plans.

    If the metric can't score single rows, an answer counts 1 if it equals the reference, else 0.

    Args:
        metric: the metric.
        references: the reference answer of each row.
        responses: the model's response to each row, in the same order.

    Returns:
        Scores of shape (rows,), 0 to 1, higher is better, whatever the metric's own scale and direction.
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
    """Open one of the task's metrics: a registered one by its name, or one from the user's own file.

    Args:
        task: the task.
        choice: the metric's entry in the task file.

    Raises:
        UserError: the task file states another version or direction than the metric has, a parameter is unknown, or the
            user's file can't be used.
        Refused: the user's file lies in the folders where MLflow's artifacts are stored.
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
    """Raise an error if a metric calls an LLM judge; a task's primary metric must not.

    Raises:
        UserError: the metric calls a judge.
    """
    if metric.asks_judge:
        raise UserError(
            f"task {task.name}: metric {metric.name} calls a judge, which is never shown the held-out test set, so it can't "
            "decide promotion; list another metric first"
        )


def open_metrics(task: Task) -> list[Metric]:
    """Open the task's metrics, the primary one first.

    Raises:
        UserError: a metric can't be opened, or the first one calls an LLM judge.
        Refused: a user's metric file lies in the folders where MLflow's artifacts are stored.
    """
    opened = [open_metric(task, choice) for choice in task.metrics]
    require_no_judge(task, opened[0])
    return opened


def primary_metric(task: Task) -> Metric:
    """Open and return the task's primary metric (its first), which steers generation and decides promotion.

    Raises:
        UserError: the metric can't be opened, or it calls an LLM judge.
        Refused: the user's metric file lies in the folders where MLflow's artifacts are stored.
    """
    return open_metrics(task.model_copy(update={"metrics": task.metrics[:1]}))[0]
