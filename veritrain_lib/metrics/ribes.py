"""RIBES: are the words in the order of the reference? Made for English and Japanese, whose orders differ most."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from veritrain_lib.metrics.accuracy import answers
from veritrain_lib.metrics.word_tokens import language_of, tokenizer_of, tokens

if TYPE_CHECKING:
    import numpy as np

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task

ALPHA, BETA = 0.25, 0.10
"""Exponents of precision and brevity penalty, the defaults of the authors' own program."""


class Ribes:
    """Mean over rows, 0 to 1, of NKT x P^0.25 x BP^0.10.

    NKT is Kendall's tau of the word order, brought to 0..1, over the words of the answer that can be told which
    word of the reference they are; P the share of the answer's words that can; BP the brevity penalty of BLEU for
    one row. Sources: H. Isozaki et al., "Automatic Evaluation of Translation Quality for Distant Language Pairs"
    (EMNLP 2010); T. Hirao et al. (2014), for telling repeated words apart by their neighbours. Words as sacrebleu
    cuts them; no answer counts 0.
    """

    name = "ribes"
    cuts_words = True
    version = 1
    higher_is_better = True

    def __init__(self, task: Task) -> None:
        self._task = task

    def signature(self) -> str:
        """What made the number."""
        column = self._task.target.direction
        words = f"by_{column}" if column else tokenizer_of(language_of(self._task, ""))
        return f"{self.name}|v{self.version}|target:{self._task.target.field}|alpha:{ALPHA}|beta:{BETA}|tok:{words}|no_answer:0"

    def per_row(self, references: Sequence[str], responses: Sequence[Response]) -> np.ndarray:
        """Shape (rows,): the score of each row."""
        import numpy as np

        given = answers(references, responses)
        return np.array(
            [
                _of_texts(str(wanted), answer or "", language_of(self._task, wanted))
                for wanted, answer in zip(references, given, strict=True)
            ]
        )

    def value(self, references: Sequence[str], responses: Sequence[Response]) -> float:
        """The mean score."""
        return float(self.per_row(references, responses).mean())


@lru_cache(maxsize=50_000)
def _of_texts(reference: str, answer: str, language: str) -> float:
    return ribes(tokens(reference, language), tokens(answer, language))


def ribes(reference: Sequence[str], answer: Sequence[str], alpha: float = ALPHA, beta: float = BETA) -> float:
    """The score of one row's words, 0 to 1; 0 when fewer than two words correspond (but 1 of 1 is in order)."""
    if not answer or not reference:
        return 0.0
    order = correspondence(reference, answer)
    if len(order) == 1 and len(reference) == 1:
        concordance = 1.0
    elif len(order) < 2:
        return 0.0
    else:
        rising = sum(one < other for at, one in enumerate(order) for other in order[at + 1 :])
        concordance = rising / math.comb(len(order), 2)
    precision = len(order) / len(answer)
    brevity = min(1.0, math.exp(1 - len(reference) / len(answer)))
    return float(concordance * precision**alpha * brevity**beta)


def correspondence(reference: Sequence[str], answer: Sequence[str]) -> list[int]:
    """For the words of the answer, in order, the position in the reference of the word that each of them is.

    A word that stands once in both is that word. A repeated one is told by the shortest run of words that ends or
    begins with it and stands once in both; where there is none, or the reference lacks the word, it is left out.
    """
    found = []
    for at, word in enumerate(answer):
        if word not in reference:
            continue
        place = _place(reference, answer, at)
        if place is not None:
            found.append(place)
    return found


def _place(reference: Sequence[str], answer: Sequence[str], at: int) -> int | None:
    for width in range(max(at + 1, len(answer) - at)):
        if width <= at:
            run = answer[at - width : at + 1]
            starts = _starts(run, reference)
            if len(starts) == 1 and len(_starts(run, answer)) == 1:
                return starts[0] + width
        if at + width < len(answer):
            run = answer[at : at + width + 1]
            starts = _starts(run, reference)
            if len(starts) == 1 and len(_starts(run, answer)) == 1:
                return starts[0]
    return None


def _starts(run: Sequence[str], words: Sequence[str]) -> list[int]:
    wide = len(run)
    return [at for at in range(len(words) - wide + 1) if words[at : at + wide] == run]
