"""Metric `chrf` of translations: F-score of character 1- to 6-grams."""

from __future__ import annotations

from typing import Any

from veritrain_lib.metrics.sacrebleu_based import SacrebleuMetric


class ChrF(SacrebleuMetric):
    """Metric: corpus chrF2, 0 to 100, by sacrebleu with its defaults (M. Popović, WMT 2015).

    It compares character 1- to 6-grams with beta 2. It needs no tokenization, so it is the same for every language. A
    single row is scored by its sentence chrF.
    """

    name = "chrf"

    def _make(self, language: str) -> Any:
        from sacrebleu.metrics.chrf import CHRF

        return CHRF()
