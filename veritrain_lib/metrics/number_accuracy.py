"""Metric `number_accuracy`: share of the numbers in answer and reference that both have."""

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
    """Metric: share, 0 to 1, of numbers that answer and reference have in common, counted as multisets.

    The denominator is the larger count of the two, so an invented number costs as much as a lost one. Numbers are those
    written in digits, in ASCII or full width; a thousands comma is ignored, and 2.50 equals 2.5. A row without a number
    in either text does not count; if no row has a number, the value is NaN.
    """

    name = "number_accuracy"
    scale = 1.0

    def signature(self) -> str:
        """Return the name, version and settings that determine the number accuracy, as one line of text."""
        return f"{self.name}|v{self.version}|target:{self.task.target.field}|numbers:digits|no_answer:none"

    def counts(self, reference: str, answer: str, language: str) -> list[float]:
        """Return how many numbers answer and reference have in common, and how many the text with more numbers has."""
        expected, actual = numbers(str(reference)), numbers(answer)
        return [float((expected & actual).total()), float(max(expected.total(), actual.total()))]

    def from_sums(self, sums: np.ndarray) -> float:
        """Return the share of common numbers from the counts summed over rows; NaN if there are no numbers."""
        return float(sums[0] / sums[1]) if sums[1] else float("nan")


@lru_cache(maxsize=50_000)
def numbers(text: str) -> Counter[str]:
    """Return the numbers in a text, normalized (1,000.50 becomes 1000.5), with how often each occurs."""
    matches = _NUMBER.findall(unicodedata.normalize("NFKC", text))
    return Counter(_normalized(number) for number in matches)


def _normalized(number: str) -> str:
    integer, point, fraction = number.replace(",", "").partition(".")
    fraction = fraction.rstrip("0")
    return (integer.lstrip("0") or "0") + (f".{fraction}" if point and fraction else "")
