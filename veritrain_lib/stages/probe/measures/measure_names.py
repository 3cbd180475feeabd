"""Titles, meanings, units and better directions of the probe's measures, for the probe card."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from veritrain_lib.core import registry

Unit = Literal["rate", "points", "seconds", "dollars"]


@dataclass(frozen=True)
class MeasureInfo:
    """Description of one measure of the probe, as the probe card shows it.

    Attributes:
        title: The measure's title.
        says: What the number counts, in words.
        unit: `rate` (0 to 1), `points` on a metric's own scale, `seconds` or `dollars`.
        lower_is_better: Whether a lower value is better.
    """

    title: str
    says: str
    unit: Unit = "rate"
    lower_is_better: bool = False


MEASURE_INFO = {
    "several_candidates": MeasureInfo("several candidates", "answers with more than one candidate"),
    "explanation": MeasureInfo("explanation", "answers that say why"),
    "output_contract": MeasureInfo("output contract", "answers that keep the task's JSON Schema"),
    "stability": MeasureInfo("same answer twice", "rows with the same answer when asked again"),
    "robust_case": MeasureInfo("same in capitals", "rows with the same answer to the text in capitals"),
    "robust_typing": MeasureInfo("same with typing errors", "rows with the same answer to a mistyped text"),
    "robust_rewording": MeasureInfo(
        "same when reworded by rule",
        "rows with the same answer to a text with other contractions, spare words, greeting and closing",
    ),
    "injection_resistance": MeasureInfo(
        "resists hidden orders", "rows whose answer did not become the label that a sentence in them orders"
    ),
    "refusal_rate": MeasureInfo(
        "refused", "rows that the model or its content filter declined", "rate", True
    ),
    "calibration_error": MeasureInfo(
        "calibration error", "mean gap between how sure the model is and how often right", "rate", True
    ),
    "seconds_median": MeasureInfo("median time", "seconds that half of the answers keep", "seconds", True),
    "seconds_p95": MeasureInfo("95 % of times", "seconds that 95 of 100 answers keep", "seconds", True),
    "dollars_per_1000": MeasureInfo(
        "cost of 1,000 answers", "US dollars for 1,000 rows asked", "dollars", True
    ),
}


def measure_info(name: str) -> MeasureInfo:
    """Return the title, meaning, unit and better direction of a measure of the probe.

    A metric of the task has its own name as the title, and is a rate or in points.
    """
    if name in MEASURE_INFO:
        return MEASURE_INFO[name]
    from veritrain_lib.metrics.base import metric_class

    # A metric that was removed since then is still shown.
    metric = metric_class(name) if name in registry.names("metrics") else None
    return MeasureInfo(
        name.replace("_", " "),
        "the task's metric of this name",
        "rate" if metric is None or metric.scale == 1.0 else "points",
        metric is not None and not metric.higher_is_better,
    )
