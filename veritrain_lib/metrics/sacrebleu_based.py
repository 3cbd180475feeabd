"""What BLEU, chrF and TER share: sacrebleu does the counting and the formula, so that numbers equal its own.

sacrebleu's own significance tests add the counts of rows up in the same way (M. Post, "A Call for Clarity in
Reporting BLEU Scores", WMT 2018).
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from veritrain_lib.metrics.count_based import Counted
from veritrain_lib.metrics.word_tokens import language_of

if TYPE_CHECKING:
    import numpy as np


class Sacre(Counted):
    """A metric of sacrebleu's, with one reference a row. `_make` opens it for a language."""

    def _make(self, language: str) -> Any:
        raise NotImplementedError

    @cached_property
    def _opened(self) -> dict[str, Any]:
        return {}

    def _metric(self, language: str) -> Any:
        if language not in self._opened:
            self._opened[language] = self._make(language)
            self._opened[language].num_refs = 1
        return self._opened[language]

    def counts(self, reference: str, answer: str, language: str) -> list[float]:
        """sacrebleu's statistics of one row."""
        metric = self._metric(language)
        (line,) = metric._extract_corpus_statistics([answer], [[str(reference)]])
        return [float(number) for number in line]

    def from_sums(self, sums: np.ndarray) -> float:
        """sacrebleu's formula over summed statistics."""
        metric = self._metric(language_of(self.task, ""))
        return float(metric._compute_score_from_stats(sums.tolist()).score)

    def signature(self) -> str:
        """What made the number, as sacrebleu writes it."""
        column = self.task.target.direction
        said = self._metric(language_of(self.task, "")).get_signature().format()
        by = f"|words:by_{column}" if column else ""
        return f"{self.name}|v{self.version}|target:{self.task.target.field}|{said}{by}|no_answer:empty"
