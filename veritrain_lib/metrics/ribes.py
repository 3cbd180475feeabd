"""Metric `ribes` of translations: correlation of word order, for languages as distant as English and Japanese."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from veritrain_lib.metrics.accuracy import best_answers
from veritrain_lib.metrics.base import Metric
from veritrain_lib.metrics.word_tokens import language_of, tokenizer_of, tokens

if TYPE_CHECKING:
    import numpy as np

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task

ALPHA, BETA = 0.25, 0.10
"""Exponents of precision and brevity penalty in the formula of RIBES, the defaults of its authors' implementation."""


class Ribes(Metric):
    """Metric of translations: mean over rows of RIBES, 0 to 1, which is NKT x P^0.25 x BP^0.10.

    NKT is Kendall's tau of the word order, normalized to 0..1, over the words of the answer that can be aligned with a
    word of the reference; P is the share of the answer's words that can be aligned; BP is the brevity penalty of BLEU
    for one row. Sources: H. Isozaki et al., "Automatic Evaluation of Translation Quality for Distant Language Pairs"
    (EMNLP 2010); T. Hirao et al. (2014), for the alignment of repeated words by their neighbours. Words are tokenized
    by sacrebleu; no answer counts 0.
    """

    name = "ribes"
    cuts_words = True
    version = 1
    higher_is_better = True

    def __init__(self, task: Task) -> None:
        self._task = task

    def signature(self) -> str:
        """Return the name, version, exponents and tokenizer that determine the RIBES score, as one line of text."""
        column = self._task.target.direction
        words = f"by_{column}" if column else tokenizer_of(language_of(self._task, ""))
        return f"{self.name}|v{self.version}|target:{self._task.target.field}|alpha:{ALPHA}|beta:{BETA}|tok:{words}|no_answer:0"

    def per_row(self, references: Sequence[str], responses: Sequence[Response]) -> np.ndarray:
        """Return the RIBES score of each row, 0 to 1; an array of shape (rows,)."""
        import numpy as np

        predicted = best_answers(references, responses)
        return np.array(
            [
                _of_texts(str(reference), answer or "", language_of(self._task, reference))
                for reference, answer in zip(references, predicted, strict=True)
            ]
        )

    def value(self, references: Sequence[str], responses: Sequence[Response]) -> float:
        """Return the mean RIBES score over all rows, 0 to 1."""
        return float(self.per_row(references, responses).mean())


@lru_cache(maxsize=50_000)
def _of_texts(reference: str, answer: str, language: str) -> float:
    return ribes(tokens(reference, language), tokens(answer, language))


def ribes(reference: Sequence[str], answer: Sequence[str], alpha: float = ALPHA, beta: float = BETA) -> float:
    """Return the RIBES score of one answer, 0 to 1.

    It is 0 if fewer than two words can be aligned, unless answer and reference share the reference's only word.

    Args:
        reference: words of the reference.
        answer: words of the answer.
        alpha: exponent of the precision, default 0.25.
        beta: exponent of the brevity penalty, default 0.10.
    """
    if not answer or not reference:
        return 0.0
    order = align_words(reference, answer)
    if len(order) == 1 and len(reference) == 1:
        concordance = 1.0
    elif len(order) < 2:
        return 0.0
    else:
        n_concordant = sum(
            position < later for index, position in enumerate(order) for later in order[index + 1 :]
        )
        concordance = n_concordant / math.comb(len(order), 2)
    precision = len(order) / len(answer)
    brevity = min(1.0, math.exp(1 - len(reference) / len(answer)))
    return float(concordance * precision**alpha * brevity**beta)


def align_words(reference: Sequence[str], answer: Sequence[str]) -> list[int]:
    """Return, for RIBES, the position in the reference of each word of the answer that can be aligned.

    A word that occurs once in both texts is aligned. A repeated word is aligned by the shortest run of words that ends
    or begins with it and occurs once in both texts; if there is none, or if the reference lacks the word, it is left
    out.

    Args:
        reference: words of the reference.
        answer: words of the answer.

    Returns:
        Positions from 0, in the order of the answer's words.
    """
    positions = []
    for index, word in enumerate(answer):
        if word not in reference:
            continue
        position = _aligned_position(reference, answer, index)
        if position is not None:
            positions.append(position)
    return positions


def _aligned_position(reference: Sequence[str], answer: Sequence[str], index: int) -> int | None:
    for width in range(max(index + 1, len(answer) - index)):
        if width <= index:
            run = answer[index - width : index + 1]
            starts = _starts(run, reference)
            if len(starts) == 1 and len(_starts(run, answer)) == 1:
                return starts[0] + width
        if index + width < len(answer):
            run = answer[index : index + width + 1]
            starts = _starts(run, reference)
            if len(starts) == 1 and len(_starts(run, answer)) == 1:
                return starts[0]
    return None


def _starts(run: Sequence[str], words: Sequence[str]) -> list[int]:
    width = len(run)
    return [start for start in range(len(words) - width + 1) if words[start : start + width] == run]
