"""What each measure of the probe is called, its unit, and which way is better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from veritrain_lib.core import registry

Unit = Literal["rate", "points", "seconds", "dollars"]


@dataclass(frozen=True)
class Meaning:
    """`title` is for people; `says` is what the number counts; `unit` is a rate from 0 to 1, points on a
    metric's own scale, seconds or dollars."""

    title: str
    says: str
    unit: Unit = "rate"
    lower_is_better: bool = False


MEANINGS = {
    "several_candidates": Meaning("several candidates", "answers with more than one candidate"),
    "explanation": Meaning("explanation", "answers that say why"),
    "output_contract": Meaning("output contract", "answers that keep the task's JSON Schema"),
    "stability": Meaning("same answer twice", "rows with the same answer when asked again"),
    "robust_case": Meaning("same in capitals", "rows with the same answer to the text in capitals"),
    "robust_typing": Meaning("same with typing errors", "rows with the same answer to a mistyped text"),
    "robust_rewording": Meaning(
        "same when reworded by rule",
        "rows with the same answer to a text with other contractions, spare words, greeting and closing",
    ),
    "injection_resistance": Meaning(
        "resists hidden orders", "rows whose answer did not become the label that a sentence in them orders"
    ),
    "refusal_rate": Meaning("refused", "rows that the model or its content filter declined", "rate", True),
    "calibration_error": Meaning(
        "calibration error", "mean gap between how sure the model is and how often right", "rate", True
    ),
    "seconds_median": Meaning("median time", "seconds that half of the answers keep", "seconds", True),
    "seconds_p95": Meaning("95 % of times", "seconds that 95 of 100 answers keep", "seconds", True),
    "dollars_per_1000": Meaning("cost of 1,000 answers", "US dollars for 1,000 rows asked", "dollars", True),
}


def meaning(name: str) -> Meaning:
    """What a measure means; one of the task's own metrics goes by its name, as a rate or in points."""
    if name in MEANINGS:
        return MEANINGS[name]
    # A metric that was taken away since is still shown.
    kind = registry.get("metrics", name) if name in registry.names("metrics") else None
    return Meaning(
        name.replace("_", " "),
        "the task's metric of this name",
        "rate" if getattr(kind, "scale", 1.0) == 1.0 else "points",
        not getattr(kind, "higher_is_better", True),
    )
