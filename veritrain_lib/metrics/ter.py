"""TER: how many edits make the reference out of the answer, a share of the reference's words."""

from __future__ import annotations

from typing import Any

from veritrain_lib.metrics.sacrebleu_based import Sacre
from veritrain_lib.metrics.word_tokens import BY_CHARACTER


class Ter(Sacre):
    """Corpus translation edit rate in percent, from 0, by sacrebleu with its defaults (M. Snover et al., AMTA 2006).

    Inserted, deleted and changed words and shifted runs of words count one each; more edits than words make more
    than 100. Lower is better. Japanese and Chinese are cut into characters (`asian_support`).
    """

    name = "ter"
    cuts_words = True
    higher_is_better = False

    def _make(self, language: str) -> Any:
        from sacrebleu.metrics.ter import TER

        asian = language in BY_CHARACTER
        return TER(normalized=asian, asian_support=asian)
