"""The recommended next step after a round, and why, by rules in the order of their importance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.report.facts import Facts


@dataclass(frozen=True)
class NextStep:
    """A recommendation: an action, and the reason for it."""

    action: str
    why: str


def next_step(task: Task, facts: Facts) -> NextStep:
    """Recommend what a person should do now, from the facts of a round."""
    generate, gate, evaluate = facts.generate, facts.gate, facts.evaluate
    if generate and generate.outcome == "waiting":
        waiting = len(generate.tables["waiting"])
        return NextStep(
            f"Label {waiting} rows in notebooks/label.ipynb.",
            "The chosen rows have no answer yet, and only people can give it.",
        )
    if gate and gate.status == "blocked":
        return NextStep(
            "Look at the quarantine and correct the data or the suite.",
            f"The gate blocked the data: {'; '.join(gate.block_reasons)}",
        )
    reached = _reached(task, facts)
    if reached is not None:
        return NextStep(
            "Serve the champion.",
            f"The target is met: development {task.primary.name} {reached:.3f}, "
            f"wanted {task.goal.at_least if task.goal else 0:.3f}.",
        )
    if evaluate is None:
        return NextStep("Run the next round.", "Nothing was compared yet.")
    worse = evaluate.tables["slices"].query("verdict == 'worse'")["name"].tolist()
    held_out = evaluate.tables.get("held_out_slices")
    if evaluate.verdict == "better" and held_out is not None and (held_out["verdict"] == "worse").any():
        return NextStep(
            "Add rows for the slices that got worse.",
            "The challenger is better as a whole, but a slice is shown to be worse than the task's margin.",
        )
    if worse:
        return NextStep(
            f"Add rows for {', '.join(worse[:3])}.",
            "These slices are worse than the task's margin on development rows.",
        )
    if generate and generate.left == 0:
        return NextStep(
            "Bring more traffic into the pool, or another teacher.",
            "The pool has no rows left to choose from.",
        )
    if facts.looks_used >= task.promotion.max_looks - 1:
        return NextStep(
            "Collect a fresh test set.",
            f"{facts.looks_used} of {task.promotion.max_looks} looks at the held-out test set are used; "
            "the last is kept for the final comparison.",
        )
    if evaluate.verdict == "better":
        return NextStep(
            "Run another round.",
            _most_confused(facts) or "The challenger is better, and there is still something to win.",
        )
    detectable = evaluate.development_detectable
    small = f"A gain below {detectable:.3f} can't be shown with these sets; " if detectable else ""
    return NextStep(
        "Run another round, or enlarge the held-out test set.",
        f"{small}the accepted rows stay, so gains too small for one round add up.",
    )


def _reached(task: Task, facts: Facts) -> float | None:
    if task.goal is None or not len(facts.rounds):
        return None
    promoted = facts.rounds[facts.rounds["promoted"]]
    values = promoted["value"].tolist()
    if not values:
        return None
    best = float(values[-1])
    good = best >= task.goal.at_least if task.primary.higher_is_better else best <= task.goal.at_least
    return best if good else None


def _most_confused(facts: Facts) -> str:
    pairs = facts.evaluate.tables["confusions"] if facts.evaluate else None
    if pairs is None or not len(pairs):
        return ""
    top = pairs.iloc[0]
    pair = f"{top['expected']} answered as {top['answered']}"
    return f"Most frequent error now: {pair} ({top['count']} development rows)."
