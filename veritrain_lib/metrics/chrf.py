"""Metric `chrf` of translations: F-score of character 1- to 6-grams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from veritrain_lib.metrics.sacrebleu_based import SacrebleuMetric

if TYPE_CHECKING:
    import numpy as np

BETA = 2
"""Weight of recall relative to precision, sacrebleu's default."""


class ChrF(SacrebleuMetric):
    """Metric: corpus chrF2, 0 to 100, by sacrebleu with its defaults (M. Popović, WMT 2015).

    It compares character 1- to 6-grams with beta 2. It needs no tokenization, so it is the same for every language. A
    single row is scored by its sentence chrF.
    """

    name = "chrf"

    def _make(self, language: str) -> Any:
        from sacrebleu.metrics.chrf import CHRF

        return CHRF()

    def counts(self, reference: str, answer: str, language: str) -> list[float]:
        """Return for each order the number of n-grams of the answer and of the reference, and how many are common.

        The n-grams of an answer do not count where the reference is too short for any of that order.
        """
        from sacrebleu.metrics.helpers import extract_all_char_ngrams

        order = self._metric(language).char_order
        counts: list[float] = []
        for answered, expected in zip(
            extract_all_char_ngrams(answer, order),
            extract_all_char_ngrams(str(reference), order),
            strict=True,
        ):
            common = sum(
                min(number, expected[ngram]) for ngram, number in answered.items() if ngram in expected
            )
            counts += [answered.total() if expected else 0, expected.total(), common]
        return [float(number) for number in counts]

    def from_sums(self, sums: np.ndarray) -> float:
        """Return the F-score, 0 to 100, of mean precision and mean recall over the orders that both sides have."""
        orders = [
            (answered, expected, common)
            for answered, expected, common in sums.reshape(-1, 3).tolist()
            if answered and expected
        ]
        if not orders:
            return 0.0
        precision = sum(common / answered for answered, _, common in orders) / len(orders)
        recall = sum(common / expected for _, expected, common in orders) / len(orders)
        if not precision + recall:
            return 0.0
        weight = BETA**2
        return float(100 * ((1 + weight) * precision * recall / (weight * precision + recall)))
