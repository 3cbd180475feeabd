"""The metric `number_accuracy`: whether the numbers of the answer are those of the reference."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from veritrain_lib.metrics.count_based import CountMetric

if TYPE_CHECKING:
    import numpy as np

_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


class NumberAccuracy(CountMetric):
    """Share, 0 to 1, of numbers that answer and reference have in common, counted as multisets.

    The denominator is the larger count of the two, so an invented number costs as much as a lost one. Numbers are
    those written in digits, in any width; a thousands comma is ignored, and 2.50 equals 2.5. A row without a number
    in either text does not count; without any number at all nothing is measured.
    """

    name = "number_accuracy"
    scale = 1.0

    def signature(self) -> str:
        """Return the signature: everything that determines the number, in one line."""
        return f"{self.name}|v{self.version}|target:{self.task.target.field}|numbers:digits|no_answer:none"

    def counts(self, reference: str, answer: str, language: str) -> list[float]:
        """Return how many numbers are in common, and the larger count of the two texts."""
        expected, actual = numbers(str(reference)), numbers(answer)
        return [float((expected & actual).total()), float(max(expected.total(), actual.total()))]

    def from_sums(self, sums: np.ndarray) -> float:
        """Return the share of numbers in common."""
        return float(sums[0] / sums[1]) if sums[1] else float("nan")


@lru_cache(maxsize=50_000)
def numbers(text: str) -> Counter[str]:
    """Return the normalized numbers of a text, with how often each occurs."""
    matches = _NUMBER.findall(unicodedata.normalize("NFKC", text))
    return Counter(_normalized(number) for number in matches)


def _normalized(number: str) -> str:
    integer, point, fraction = number.replace(",", "").partition(".")
    fraction = fraction.rstrip("0")
    return (integer.lstrip("0") or "0") + (f".{fraction}" if point and fraction else "")
