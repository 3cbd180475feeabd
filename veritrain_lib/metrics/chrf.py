"""chrF: how many runs of one to six characters are those of the reference, and of the reference's the answer's."""

from __future__ import annotations

from typing import Any

from veritrain_lib.metrics.sacrebleu_based import Sacre


class ChrF(Sacre):
    """Corpus chrF2, 0 to 100, by sacrebleu with its defaults (M. Popović, WMT 2015): six characters, beta 2.

    Needs no words, so it is the same for every language. A row alone is graded by its sentence chrF.
    """

    name = "chrf"

    def _make(self, language: str) -> Any:
        from sacrebleu.metrics.chrf import CHRF

        return CHRF()
