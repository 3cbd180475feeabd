"""What is measured: one protocol. A metric says what made its number by a signature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from veritrain_lib import registry
from veritrain_lib.errors import UserError

if TYPE_CHECKING:
    import numpy as np

    from veritrain_lib.records import Response
    from veritrain_lib.task import Task


class Metric(Protocol):
    """A number from references and responses. Made by `Metric(task)`.

    A row that a model failed on stays in the denominator: it counts as wrong.
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


def open_metrics(task: Task) -> list[Metric]:
    """The task's metrics, the primary one first.

    Raises UserError when a version or a direction is not the one that the task states.
    """
    opened = []
    for choice in task.metrics:
        metric: Metric = registry.get("metrics", choice.name)(task)
        for what in ("version", "higher_is_better"):
            stated, real = getattr(choice, what), getattr(metric, what)
            if stated != real:
                raise UserError(
                    f"task {task.name}: metric {choice.name} has {what} {real}, the task states {stated}; correct the task file"
                )
        opened.append(metric)
    return opened
