"""Metric `bleu` of translations: precision of word 1- to 4-grams, with a brevity penalty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from veritrain_lib.metrics.sacrebleu_based import SacrebleuMetric
from veritrain_lib.metrics.word_tokens import tokenizer_of

if TYPE_CHECKING:
    import numpy as np


class Bleu(SacrebleuMetric):
    """Metric: corpus BLEU, 0 to 100, by sacrebleu with its defaults (K. Papineni et al., ACL 2002; M. Post, WMT 2018).

    Words are those of sacrebleu's tokenizer `13a`, or characters for a language without spaces. A single row is scored
    by sacrebleu's sentence BLEU (effective order, exponential smoothing), whose mean over rows is not the corpus BLEU.
    """

    name = "bleu"
    cuts_words = True

    def _make(self, language: str) -> Any:
        from sacrebleu.metrics.bleu import BLEU

        return BLEU(tokenize=tokenizer_of(language))

    def counts(self, reference: str, answer: str, language: str) -> list[float]:
        """Return lengths of answer and reference in words, then matches and totals of the n-grams of each order."""
        score = self._metric(language).corpus_score([answer], [[str(reference)]])
        return [float(number) for number in (score.sys_len, score.ref_len, *score.counts, *score.totals)]

    def from_sums(self, sums: np.ndarray) -> float:
        """Return the corpus BLEU, 0 to 100, from counts summed over rows."""
        return _bleu(sums, effective_order=False)

    def grade(self, counts: np.ndarray) -> float:
        """Return the sentence BLEU of one row, 0 to 100; n-gram orders for which the row is too short are left out."""
        return _bleu(counts, effective_order=True)


def _bleu(counts: np.ndarray, *, effective_order: bool) -> float:
    """Return the BLEU of counts as `Bleu.counts` returns them."""
    from sacrebleu.metrics.bleu import BLEU

    orders = (len(counts) - 2) // 2
    statistics = [int(number) for number in counts]
    score = BLEU.compute_bleu(
        correct=statistics[2 : 2 + orders],
        total=statistics[2 + orders :],
        sys_len=statistics[0],
        ref_len=statistics[1],
        smooth_method="exp",
        effective_order=effective_order,
    )
    return float(score.score)
