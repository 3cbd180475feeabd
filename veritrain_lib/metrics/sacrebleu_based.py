"""Base class of BLEU, chrF and TER, whose values equal those of sacrebleu.

The significance tests of sacrebleu sum the counts of rows in the same way (M. Post, "A Call for Clarity in
Reporting BLEU Scores", WMT 2018).
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

from veritrain_lib.metrics.count_based import CountMetric
from veritrain_lib.metrics.word_tokens import language_of


class SacrebleuMetric(CountMetric):
    """Base class of the metrics that sacrebleu computes, with one reference a row.

    A subclass implements `_make`, which returns the sacrebleu metric for a language, and the counts and the formula.
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

    def signature(self) -> str:
        """Return everything that determines the metric, as one line of text that includes sacrebleu's own signature."""
        column = self.task.target.direction
        sacrebleu_signature = self._metric(language_of(self.task, "")).get_signature().format()
        word_language = f"|words:by_{column}" if column else ""
        return f"{self.name}|v{self.version}|target:{self.task.target.field}|{sacrebleu_signature}{word_language}|no_answer:empty"
