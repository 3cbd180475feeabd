"""Base class of BLEU, chrF and TER: sacrebleu computes the counts and the formula, so the values equal its own.

The significance tests of sacrebleu sum the counts of rows in the same way (M. Post, "A Call for Clarity in
Reporting BLEU Scores", WMT 2018).
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from veritrain_lib.metrics.count_based import CountMetric
from veritrain_lib.metrics.word_tokens import language_of

if TYPE_CHECKING:
    import numpy as np


class SacrebleuMetric(CountMetric):
    """Base class of the metrics that sacrebleu computes, with one reference a row.

    A subclass implements `_make`, which returns the sacrebleu metric for a language.
    """

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
        """Return sacrebleu's statistics of one row, such as n-gram counts, which are summed over rows."""
        metric = self._metric(language)
        (statistics,) = metric._extract_corpus_statistics([answer], [[str(reference)]])
        return [float(number) for number in statistics]

    def from_sums(self, sums: np.ndarray) -> float:
        """Return the metric by sacrebleu's formula from its statistics summed over rows."""
        metric = self._metric(language_of(self.task, ""))
        return float(metric._compute_score_from_stats(sums.tolist()).score)

    def signature(self) -> str:
        """Return everything that determines the metric, as one line of text that includes sacrebleu's own signature."""
        column = self.task.target.direction
        sacrebleu_signature = self._metric(language_of(self.task, "")).get_signature().format()
        word_language = f"|words:by_{column}" if column else ""
        return f"{self.name}|v{self.version}|target:{self.task.target.field}|{sacrebleu_signature}{word_language}|no_answer:empty"
