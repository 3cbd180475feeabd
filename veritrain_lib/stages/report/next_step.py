"""Recommendation of the next step after a round, with its reason, by fixed rules in the order of importance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from veritrain_lib.stages.report.batch_table import harmful
from veritrain_lib.stages.report.gain_forecast import forecast_of, is_hopeless
from veritrain_lib.stages.report.gain_forecast import sentence as expected_gain

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.evaluate.result import EvaluateResult
    from veritrain_lib.stages.report.facts import Facts


@dataclass(frozen=True)
class NextStep:
    """The next step that a report recommends.

    Attributes:
        action: A sentence that says what to do.
        why: A sentence with the reason.
    """

    action: str
    why: str


def next_step(task: Task, facts: Facts) -> NextStep:
    """Return the action that a person should take after a round, chosen by fixed rules from the facts of its report.

    The first rule that applies decides: rows to label, data blocked by the gate, a harmful batch, target met, nothing
    evaluated yet, worse slices, pool empty, looks at the test set used up, and otherwise another round.

    Args:
        task: The task.
        facts: All that the report states, read from MLflow.
    """
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
    harming = harmful(facts.batches) if facts.batches is not None else []
    if harming:
        return _drop(task, harming)
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
    if facts.looks_used >= task.promotion.looks_before_final:
        kept = "; the last is kept for the final comparison" if task.promotion.max_looks > 1 else ""
        return NextStep(
            "Collect a fresh test set.",
            f"{facts.looks_used} of {task.promotion.max_looks} looks at the held-out test set are used{kept}.",
        )
    return _another_round(task, facts, evaluate)


def _drop(task: Task, harming: list[str]) -> NextStep:
    """Recommend to remove the first of the harmful batches from the training data.

    Args:
        task: The task.
        harming: The names of the batches that are proven to harm the model.
    """
    return NextStep(
        f"Look at batch {harming[0]}, and take it out: veritrain drop-batch {harming[0]} {task.name}",
        "Trained without these rows, the model gives the right answers of the development rows a higher "
        f"likelihood. Shown for {len(harming)} batch(es), with false alarms controlled over all of them.",
    )


def _another_round(task: Task, facts: Facts, evaluate: EvaluateResult) -> NextStep:
    """Recommend another round, or to stop if its expected gain is too small to be proven."""
    detectable = evaluate.development_detectable
    forecast = forecast_of(task, facts.rounds)
    expected = expected_gain(task, forecast)
    if is_hopeless(forecast, detectable):
        return NextStep(
            "Stop here, or change something else than the number of rows: trainer, labels, or a larger test set.",
            f"{expected} Less than {detectable:.3f} can't be shown with these sets.",
        )
    expected = f" {expected}" if expected else ""
    if evaluate.verdict == "better":
        return NextStep(
            "Run another round.",
            (_most_confused(facts) or "The challenger is better, and there is still something to win.")
            + expected,
        )
    small = f"A gain below {detectable:.3f} can't be shown with these sets; " if detectable else ""
    return NextStep(
        "Run another round, or enlarge the held-out test set.",
        f"{small}the accepted rows stay, so gains too small for one round add up.{expected}",
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
