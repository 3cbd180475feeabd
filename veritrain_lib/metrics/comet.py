"""Metric `comet` of translations: a neural model, trained on human ratings, that reads input, answer and reference."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.digest import of_file
from veritrain_lib.core.errors import UserError
from veritrain_lib.metrics.accuracy import best_answers
from veritrain_lib.metrics.base import Metric
from veritrain_lib.metrics.judged import AnswerCache
from veritrain_lib.metrics.term_accuracy import source_text
from veritrain_lib.trust import door

if TYPE_CHECKING:
    import numpy as np

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task
    from veritrain_lib.judging.judge import Row

BATCH = 16


class Comet(Metric):
    """Metric: mean over rows of the COMET score (R. Rei et al., EMNLP 2020), clipped to 0..1; no answer counts 0.

    The model is loaded at the first measurement, which raises UserError if the package (extra `comet`) or the weights
    are missing.

    Args:
        task: the task.
        checkpoint: path of the weights (`model.ckpt`), relative to the task file; they are never downloaded.
    """

    name = "comet"
    version = 1
    higher_is_better = True

    def __init__(self, task: Task, checkpoint: str = "") -> None:
        self._task = task
        self._checkpoint = (task.path.parent / checkpoint).resolve() if checkpoint else None
        self._cache = AnswerCache(self._scores)
        self._model: Any = None

    def signature(self) -> str:
        """Return what determines the COMET score (name, version, digest of the weights), as one line of text."""
        exists = self._checkpoint is not None and self._checkpoint.is_file()
        weights = of_file(self._checkpoint)[:12] if exists and self._checkpoint else "none"
        return f"{self.name}|v{self.version}|target:{self._task.target.field}|weights:{weights}|no_answer:0"

    def per_row(self, references: Sequence[str], responses: Sequence[Response]) -> np.ndarray:
        """Return the COMET score of each row, clipped to 0..1; an array of shape (rows,)."""
        import numpy as np

        scores = self._cache.get(references, best_answers(references, responses))
        clipped: np.ndarray = np.clip([0.0 if score is None else float(score) for score in scores], 0.0, 1.0)
        return clipped

    def value(self, references: Sequence[str], responses: Sequence[Response]) -> float:
        """Return the mean COMET score over all rows, 0 to 1."""
        return float(self.per_row(references, responses).mean())

    def _scores(self, rows: Sequence[Row], answers: Sequence[str]) -> list[float]:
        target = self._task.target.field
        data = [
            {"src": source_text(self._task, row), "mt": answer, "ref": row[target]}
            for row, answer in zip(rows, answers, strict=True)
        ]
        model = self._loaded_model()
        return [
            float(score) for score in model.predict(data, batch_size=BATCH, gpus=0, progress_bar=False).scores
        ]

    def _loaded_model(self) -> Any:
        if self._model is None:
            self._model = _load(self._checkpoint)
        return self._model


def _load(checkpoint: Path | None) -> Any:
    if checkpoint is None or not checkpoint.is_file():
        raise UserError(
            f"metric comet needs weights, and {checkpoint or 'no path'} is none; set parameters.checkpoint of the "
            "metric to a COMET model.ckpt on this machine, or remove the metric from the task"
        )
    door.require_local_file(checkpoint, f"the weights {checkpoint.name} of metric comet")  # a pickle
    try:
        from comet import load_from_checkpoint
    except ImportError as error:
        raise UserError(
            "metric comet needs the package unbabel-comet: pip install 'veritrain[comet]'"
        ) from error
    return load_from_checkpoint(str(checkpoint))
