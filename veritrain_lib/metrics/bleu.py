"""BLEU: how many runs of one to four words are those of the reference, with a penalty for short answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from veritrain_lib.metrics.sacrebleu_based import Sacre
from veritrain_lib.metrics.word_tokens import tokenizer_of

if TYPE_CHECKING:
    import numpy as np


class Bleu(Sacre):
    """Corpus BLEU, 0 to 100, by sacrebleu with its defaults (K. Papineni et al., ACL 2002; M. Post, WMT 2018).

    Words are sacrebleu's `13a`, or characters for a language without spaces. A row alone is graded by the
    sentence BLEU of sacrebleu (effective order, exponential smoothing), whose mean is not the corpus BLEU.
    """

    name = "bleu"
    cuts_words = True

    def _make(self, language: str) -> Any:
        from sacrebleu.metrics.bleu import BLEU

        return BLEU(tokenize=tokenizer_of(language))

    def grade(self, counts: np.ndarray) -> float:
        """Sentence BLEU: orders of which the row has no run are left out."""
        from sacrebleu.metrics.bleu import BLEU

        orders = (len(counts) - 2) // 2
        whole = [int(number) for number in counts]
        score = BLEU.compute_bleu(
            correct=whole[2 : 2 + orders],
            total=whole[2 + orders :],
            sys_len=whole[0],
            ref_len=whole[1],
            smooth_method="exp",
            effective_order=True,
        )
        return float(score.score)
