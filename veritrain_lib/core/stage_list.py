"""List of the six stages in order: name, purpose, and boxes in the diagram of the loop."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StageEntry:
    """One of the six stages of the improvement loop.

    Attributes:
        name: Name of the stage, used for its folder, notebook, command and MLflow tag.
        purpose: What the stage does, in one sentence for people.
        boxes: Boxes of the stage in the diagram of the loop, from left to right: a name and a short description each.
    """

    name: str
    purpose: str
    boxes: tuple[tuple[str, str], ...]


STAGES = (
    StageEntry(
        "probe",
        "Measure what a model can do: candidates, contract, consistency, confidence, time and cost.",
        (("probe", "what can the model do?"),),
    ),
    StageEntry(
        "generate",
        "Plan and get new rows from the teacher, as a draft dataset.",
        (("plan", "how much, where, why"), ("generate", "a teacher writes or chooses rows")),
    ),
    StageEntry(
        "gate",
        "Judge a draft dataset by its suite: passed or blocked, with a quarantine.",
        (("gate", "rules reject bad rows"),),
    ),
    StageEntry(
        "train",
        "Train a challenger on a passed dataset and register it.",
        (("train", "a challenger learns"),),
    ),
    StageEntry(
        "evaluate",
        "Compare champion and challenger; promote only on a proven gain.",
        (("evaluate", "paired test on held-out rows"),),
    ),
    StageEntry(
        "report",
        "Write the report of a round or a whole loop as HTML and PDF.",
        (("report", "what changed, what next"),),
    ),
)
"""The six stages in the order of the loop."""

NAMES = tuple(stage.name for stage in STAGES)
"""Names of the six stages in the order of the loop."""


def notebook_name(stage: str) -> str:
    """Return the file name of a stage's notebook: `03_gate.ipynb` for `gate`, the third stage."""
    return f"{NAMES.index(stage) + 1:02d}_{stage}.ipynb"
