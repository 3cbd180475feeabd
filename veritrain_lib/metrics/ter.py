"""The metric `ter`: edits that turn the answer into the reference, as a share of the words of the reference."""

from __future__ import annotations

from typing import Any

from veritrain_lib.metrics.sacrebleu_based import SacrebleuMetric
from veritrain_lib.metrics.word_tokens import LANGUAGES_WITHOUT_SPACES


class Ter(SacrebleuMetric):
    """Corpus translation edit rate in percent, from 0, by sacrebleu with its defaults (M. Snover et al., AMTA 2006).

    Inserted, deleted and changed words and shifted runs of words count one each; more edits than words give more
    than 100. Lower is better. Japanese and Chinese are split into characters (`asian_support`).
    """

    name = "ter"
    cuts_words = True
    higher_is_better = False

    def _make(self, language: str) -> Any:
        from sacrebleu.metrics.ter import TER

        asian = language in LANGUAGES_WITHOUT_SPACES
        return TER(normalized=asian, asian_support=asian)
