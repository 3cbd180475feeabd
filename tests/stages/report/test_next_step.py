"""The next step follows from the facts, the most urgent one first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.stages.evaluate.result import EvaluateResult
from veritrain_lib.stages.gate.result import GateResult
from veritrain_lib.stages.generate.result import GenerateResult
from veritrain_lib.stages.report.facts import Facts
from veritrain_lib.stages.report.next_step import next_step

ROUNDS = pd.DataFrame({"round": [0, 1], "value": [0.5, 0.8], "promoted": [True, True]})


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Task:
    return load_task(write_tiny(tmp_path_factory.mktemp("steps"), goal={"at_least": 0.9}))


def evaluated(
    verdict: str = "inconclusive",
    promote: bool = False,
    worse: tuple[str, ...] = (),
    held_out_worse: tuple[str, ...] = (),
) -> EvaluateResult:
    slices, held_out_slices = (
        pd.DataFrame(
            [(name, "worse") for name in names] + [("label=x", "can't tell")], columns=["name", "verdict"]
        )
        for names in (worse, held_out_worse)
    )
    confusions = pd.DataFrame([["billing", "parcel", 4]], columns=["expected", "answered", "count"])
    return EvaluateResult(
        headline="",
        champion="m:1",
        challenger="m:2",
        verdict=verdict,
        promote=promote,  # type: ignore[arg-type]
        development_gain=0.1,
        development_detectable=0.25,
        tables={"slices": slices, "held_out_slices": held_out_slices, "confusions": confusions},
    )


def generated(left: int | None = 40, waiting: int = 0) -> GenerateResult:
    return GenerateResult(
        outcome="waiting" if waiting else "done", headline="", asked=15, left=left,
        tables={"waiting": pd.DataFrame({"id": range(waiting)})},
    )  # fmt: skip


def gated(status: str) -> GateResult:
    return GateResult(
        headline="", status=status, suite="light", suite_digest="d", block_reasons=["30 % were copies"]
    )


def reached(value: float) -> pd.DataFrame:
    return ROUNDS.assign(value=[0.5, value])


WORSE = ("label=a", "label=b", "label=c", "label=d")
PROMOTED = evaluated("better", promote=True)
FINAL = evaluated("better", promote=False)

CASES: dict[str, tuple[dict[str, Any], str, str]] = {
    "people first": (
        {"generate": generated(waiting=5), "gate": gated("blocked")},
        "Label 5 rows in notebooks/label.ipynb.",
        "only people",
    ),
    "then the gate": (
        {"gate": gated("blocked"), "rounds": reached(0.95)},
        "Look at the quarantine",
        "30 % were copies",
    ),
    "the target is met": (
        {"rounds": reached(0.9), "evaluate": evaluated()},
        "Serve the champion.",
        "accuracy 0.900, wanted 0.900",
    ),
    "nothing compared": ({}, "Run the next round.", "Nothing was compared"),
    "the final comparison promotes nothing and needs no more rows for that": (
        {"evaluate": FINAL},
        "Run another round.",
        "billing answered as parcel",
    ),
    "guarded slice": (
        {"evaluate": evaluated("better", held_out_worse=("label=a",))},
        "Add rows for the slices that got worse.",
        "margin",
    ),
    "slices worse": (
        {"evaluate": evaluated(worse=WORSE)},
        "Add rows for label=a, label=b, label=c.",
        "development",
    ),
    "pool is empty": (
        {"evaluate": evaluated(), "generate": generated(left=0)},
        "Bring more traffic",
        "no rows left",
    ),
    "looks are spent": (
        {"evaluate": evaluated(), "looks_used": 3},
        "Collect a fresh test set.",
        "3 of 4 looks",
    ),
    "better": (
        {"evaluate": PROMOTED, "looks_used": 2},
        "Run another round.",
        "billing answered as parcel (4 development rows)",
    ),
    "can't tell": (
        {"evaluate": evaluated(), "generate": generated()},
        "Run another round, or enlarge the held-out test set.",
        "A gain below 0.250",
    ),
}


@pytest.mark.parametrize(("facts", "action", "why"), list(CASES.values()), ids=list(CASES))
def test_the_first_rule_that_holds_gives_the_step(
    task: Task, facts: dict[str, Any], action: str, why: str
) -> None:
    step = next_step(task, Facts(title="t", **{"rounds": ROUNDS, **facts}))
    assert step.action.startswith(action)
    assert why in step.why


def test_a_task_with_a_single_look_is_told_to_collect_a_test_set_only_when_it_is_used(tmp_path: Path) -> None:
    single = load_task(write_tiny(tmp_path, promotion={"max_looks": 1}))
    facts: dict[str, Any] = {"title": "t", "rounds": ROUNDS, "evaluate": evaluated(), "generate": generated()}
    assert next_step(single, Facts(**facts, looks_used=0)).action.startswith("Run another round")
    spent = next_step(single, Facts(**facts, looks_used=1))
    assert (spent.action, spent.why) == (
        "Collect a fresh test set.", "1 of 1 looks at the held-out test set are used."
    )  # fmt: skip


def test_a_target_is_met_by_a_promoted_model_only(task: Task) -> None:
    rounds = ROUNDS.assign(value=[0.5, 0.95], promoted=[True, False])
    assert next_step(task, Facts(title="t", rounds=rounds)).action == "Run the next round."


def test_a_batch_that_is_shown_to_harm_comes_with_the_command_that_takes_it_out(task: Task) -> None:
    batches = pd.DataFrame({"batch": ["t@3", "t@5", "all batches"], "verdict": ["helps", "harms", "harms"]})
    step = next_step(task, Facts("t", ROUNDS, evaluate=evaluated("better", promote=True), batches=batches))
    assert "veritrain drop-batch t@5" in step.action
    calm = batches.assign(verdict=["helps", "can't tell", "helps"])
    step = next_step(task, Facts("t", ROUNDS, evaluate=evaluated("better", promote=True), batches=calm))
    assert "drop-batch" not in step.action
