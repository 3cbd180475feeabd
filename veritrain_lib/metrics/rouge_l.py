"""Metric `rouge_l`: F1 of the longest common subsequence of the words of answer and reference."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from veritrain_lib.metrics.accuracy import best_answers
from veritrain_lib.metrics.base import Metric
from veritrain_lib.metrics.word_tokens import language_of, rouge_tokens

if TYPE_CHECKING:
    import numpy as np

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task


class RougeL(Metric):
    """Metric: mean, 0 to 1, of the ROUGE-L F1 score 2 P R / (P + R) (C.-Y. Lin, "ROUGE", ACL workshop 2004).

    P and R are the length of the longest common subsequence of words, divided by the number of words of the answer and
    of the reference. Words are tokenized as in Google's rouge-score, without stemming; for a language without spaces
    into characters. No answer, and a pair without a common word, counts 0.
    """

    name = "rouge_l"
    cuts_words = True
    version = 1
    higher_is_better = True

    def __init__(self, task: Task) -> None:
        self._task = task

    def signature(self) -> str:
        """Return the name, version, settings and tokenizer that determine the ROUGE-L score, as one line of text."""
        words = f"by_{self._task.target.direction}" if self._task.target.direction else "by_target"
        return f"{self.name}|v{self.version}|target:{self._task.target.field}|f1|stemmer:no|words:{words}|language:{language_of(self._task, '')}|no_answer:0"

    def per_row(self, references: Sequence[str], responses: Sequence[Response]) -> np.ndarray:
        """Return the ROUGE-L F1 score of each row, 0 to 1; an array of shape (rows,)."""
        import numpy as np

        predicted = best_answers(references, responses)
        scores = [
            rouge_l(str(reference), answer or "", language_of(self._task, reference))
            for reference, answer in zip(references, predicted, strict=True)
        ]
        return np.array(scores)

    def value(self, references: Sequence[str], responses: Sequence[Response]) -> float:
        """Return the mean ROUGE-L F1 score over all rows, 0 to 1."""
        return float(self.per_row(references, responses).mean())


@lru_cache(maxsize=50_000)
def rouge_l(reference: str, answer: str, language: str = "en") -> float:
    """Return the ROUGE-L F1 score of one answer, 0 to 1.

    Args:
        reference: the reference answer.
        answer: the answer.
        language: language of both (ISO 639-1), by which they are split into words; default `en`.
    """
    reference_words, answer_words = rouge_tokens(reference, language), rouge_tokens(answer, language)
    common = common_subsequence(reference_words, answer_words)
    return 2 * common / (len(reference_words) + len(answer_words)) if common else 0.0


def common_subsequence(first: Sequence[str], second: Sequence[str]) -> int:
    """Return the length of the longest common subsequence of two lists of words, for ROUGE-L.

    It takes time len(first) x len(second) and memory len(second).
    """
    lengths = [0] * (len(second) + 1)
    for word in first:
        diagonal = 0
        for column, other in enumerate(second, start=1):
            above = lengths[column]
            lengths[column] = diagonal + 1 if word == other else max(above, lengths[column - 1])
            diagonal = above
    return lengths[-1]
