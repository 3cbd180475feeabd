"""ROUGE-L: the longest common subsequence of words, as F1."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from veritrain_lib.metrics.accuracy import answers
from veritrain_lib.metrics.word_tokens import language_of, plain_words

if TYPE_CHECKING:
    import numpy as np

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task


class RougeL:
    """Mean over rows, 0 to 1, of F1 = 2 P R / (P + R), where P and R are the length of the longest common
    subsequence over the words of the answer and of the reference (C.-Y. Lin, "ROUGE", ACL workshop 2004).

    Words as Google's rouge-score cuts them, without stemming; characters for a language without spaces. No answer,
    and a pair without a common word, counts 0.
    """

    name = "rouge_l"
    cuts_words = True
    version = 1
    higher_is_better = True

    def __init__(self, task: Task) -> None:
        self._task = task

    def signature(self) -> str:
        """What made the number."""
        words = f"by_{self._task.target.direction}" if self._task.target.direction else "by_target"
        return f"{self.name}|v{self.version}|target:{self._task.target.field}|f1|stemmer:no|words:{words}|language:{language_of(self._task, '')}|no_answer:0"

    def per_row(self, references: Sequence[str], responses: Sequence[Response]) -> np.ndarray:
        """Shape (rows,): the F1 of each row."""
        import numpy as np

        given = answers(references, responses)
        scores = [
            rouge_l(str(wanted), answer or "", language_of(self._task, wanted))
            for wanted, answer in zip(references, given, strict=True)
        ]
        return np.array(scores)

    def value(self, references: Sequence[str], responses: Sequence[Response]) -> float:
        """The mean F1."""
        return float(self.per_row(references, responses).mean())


@lru_cache(maxsize=50_000)
def rouge_l(reference: str, answer: str, language: str = "en") -> float:
    """F1 of one pair, 0 to 1."""
    wanted, given = plain_words(reference, language), plain_words(answer, language)
    common = common_subsequence(wanted, given)
    return 2 * common / (len(wanted) + len(given)) if common else 0.0


def common_subsequence(first: Sequence[str], second: Sequence[str]) -> int:
    """The length of the longest common subsequence, in time |first| x |second| and one line of memory."""
    line = [0] * (len(second) + 1)
    for word in first:
        corner = 0
        for at, other in enumerate(second, start=1):
            above = line[at]
            line[at] = corner + 1 if word == other else max(above, line[at - 1])
            corner = above
    return line[-1]
