"""Are the numbers those of the reference?"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from veritrain_lib.metrics.count_based import Counted

if TYPE_CHECKING:
    import numpy as np

_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


class NumberAccuracy(Counted):
    """Share, 0 to 1, of numbers that answer and reference have in common, as often as both have them.

    Counted against the longer list of the two, so an invented number costs as much as a lost one. Numbers are
    those written in digits, in any width; a thousands comma is passed over, and 2.50 is 2.5. Without a number in
    either the row counts nothing; without any at all nothing is measured.
    """

    name = "number_accuracy"
    scale = 1.0

    def signature(self) -> str:
        """What made the number."""
        return f"{self.name}|v{self.version}|target:{self.task.target.field}|numbers:digits|no_answer:none"

    def counts(self, reference: str, answer: str, language: str) -> list[float]:
        """Numbers in common, and the larger count of the two."""
        wanted, given = numbers(str(reference)), numbers(answer)
        return [float((wanted & given).total()), float(max(wanted.total(), given.total()))]

    def from_sums(self, sums: np.ndarray) -> float:
        """In common over all."""
        return float(sums[0] / sums[1]) if sums[1] else float("nan")


@lru_cache(maxsize=50_000)
def numbers(text: str) -> Counter[str]:
    """The numbers of a text, each in one way of writing, and how often it stands there."""
    found = _NUMBER.findall(unicodedata.normalize("NFKC", text))
    return Counter(_plain(number) for number in found)


def _plain(number: str) -> str:
    whole, dot, part = number.replace(",", "").partition(".")
    part = part.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{part}" if dot and part else "")
