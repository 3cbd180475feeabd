"""Metric `ter` of translations: edits that turn the answer into the reference, as a share of the reference's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from veritrain_lib.metrics.sacrebleu_based import SacrebleuMetric
from veritrain_lib.metrics.word_tokens import LANGUAGES_WITHOUT_SPACES

if TYPE_CHECKING:
    import numpy as np


class Ter(SacrebleuMetric):
    """Metric: corpus translation edit rate in percent, lower is better, by sacrebleu (M. Snover et al., AMTA 2006).

    Inserted, deleted and changed words and shifted runs of words count one edit each. An answer that needs more edits
    than the reference has words gets more than 100. Japanese and Chinese are split into characters (`asian_support`).
    """

    name = "ter"
    cuts_words = True
    higher_is_better = False

    def _make(self, language: str) -> Any:
        from sacrebleu.metrics.ter import TER

        asian = language in LANGUAGES_WITHOUT_SPACES
        return TER(normalized=asian, asian_support=asian)

    def counts(self, reference: str, answer: str, language: str) -> list[float]:
        """Return the number of edits and the length of the reference in words."""
        score = self._metric(language).sentence_score(answer, [str(reference)])
        return [float(score.num_edits), float(score.ref_length)]

    def from_sums(self, sums: np.ndarray) -> float:
        """Return the edits in percent of the references' words; without words 100 if there are edits, else 0."""
        edits, words = sums.tolist()
        if not words:
            return 100.0 if edits else 0.0
        return float(100 * (edits / words))
