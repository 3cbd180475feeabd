"""COMET: a neural model that was trained on people's judgements reads input, answer and reference."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.digest import of_file
from veritrain_lib.core.errors import UserError
from veritrain_lib.metrics.accuracy import answers
from veritrain_lib.metrics.judged import Once
from veritrain_lib.metrics.term_accuracy import asked_of
from veritrain_lib.trust import door

if TYPE_CHECKING:
    import numpy as np

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task
    from veritrain_lib.judging.judge import Row

BATCH = 16


class Comet:
    """Mean over rows of the COMET score (R. Rei et al., EMNLP 2020), cut to 0..1; no answer counts 0.

    `checkpoint` is the path of the weights (`model.ckpt`), which are never fetched. Nothing is loaded before the
    first measurement, which raises UserError without the package (extra `comet`) or the weights.
    """

    name = "comet"
    version = 1
    higher_is_better = True

    def __init__(self, task: Task, checkpoint: str = "") -> None:
        self._task = task
        self._checkpoint = (task.path.parent / checkpoint).resolve() if checkpoint else None
        self._once = Once(self._scores)
        self._model: Any = None

    def signature(self) -> str:
        """What made the number: the weights by their digest."""
        there = self._checkpoint is not None and self._checkpoint.is_file()
        weights = of_file(self._checkpoint)[:12] if there and self._checkpoint else "none"
        return f"{self.name}|v{self.version}|target:{self._task.target.field}|weights:{weights}|no_answer:0"

    def per_row(self, references: Sequence[str], responses: Sequence[Response]) -> np.ndarray:
        """Shape (rows,): 0 to 1."""
        import numpy as np

        scores = self._once.of(references, answers(references, responses))
        each: np.ndarray = np.clip([0.0 if one is None else float(one) for one in scores], 0.0, 1.0)
        return each

    def value(self, references: Sequence[str], responses: Sequence[Response]) -> float:
        """The mean."""
        return float(self.per_row(references, responses).mean())

    def _scores(self, rows: Sequence[Row], given: Sequence[str]) -> list[float]:
        target = self._task.target.field
        data = [
            {"src": asked_of(self._task, row), "mt": answer, "ref": row[target]}
            for row, answer in zip(rows, given, strict=True)
        ]
        model = self._opened()
        return [
            float(score) for score in model.predict(data, batch_size=BATCH, gpus=0, progress_bar=False).scores
        ]

    def _opened(self) -> Any:
        if self._model is None:
            self._model = _load(self._checkpoint)
        return self._model


def _load(checkpoint: Path | None) -> Any:
    if checkpoint is None or not checkpoint.is_file():
        raise UserError(
            f"metric comet needs weights, and {checkpoint or 'no path'} is none; set parameters.checkpoint of the "
            "metric to a COMET model.ckpt on this machine, or take the metric out of the task"
        )
    door.own_file(checkpoint, f"the weights {checkpoint.name} of metric comet")  # a pickle
    try:
        from comet import load_from_checkpoint
    except ImportError as error:
        raise UserError(
            "metric comet needs the package unbabel-comet: pip install 'veritrain[comet]'"
        ) from error
    return load_from_checkpoint(str(checkpoint))
