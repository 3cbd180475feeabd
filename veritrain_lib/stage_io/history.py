"""The rounds of a loop, read from the record: which runs did their stages, and what came out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from veritrain_lib.stage_io.stage import load_result
from veritrain_lib.stages import NAMES
from veritrain_lib.tracking import datasets, models, runs

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.evaluate import EvaluateResult
    from veritrain_lib.stages.train import TrainResult

STAGE_RUN = "veritrain.run."
"""Prefix of the tags by which a round names the runs of its stages; shared work counts in every round."""

COLUMNS = [
    "round",
    "rows",
    "value",
    "low",
    "high",
    "verdict",
    "promoted",
    "gain",
    "sealed_gain",
    "seconds",
    "model",
]


@dataclass(frozen=True)
class Round:
    """One round: its number (0 is the seed model), its run and the runs of its stages."""

    number: int
    run_id: str
    stages: dict[str, str]


def rounds_of(task: Task, loop_run: str) -> list[Round]:
    """The rounds under a loop's run, in order; the final comparison is none of them."""
    found = [one for one in runs.children(task, loop_run) if one.data.tags.get("veritrain.kind") == "round"]
    return sorted((as_round(run) for run in found), key=lambda one: one.number)


def as_round(run: runs.Run) -> Round:
    """A round from its run."""
    tags = run.data.tags
    stages = {name: tags[STAGE_RUN + name] for name in NAMES if STAGE_RUN + name in tags}
    return Round(int(tags.get("veritrain.round") or 0), run.info.run_id, stages)


def by_lineage(task: Task, evaluation: str) -> dict[str, str]:
    """The stage runs behind an evaluation made by hand: its challenger, its data, the gate before."""
    stages = {"evaluate": evaluation}
    challenger = models.describe(task, runs.get(evaluation).data.tags["veritrain.input.challenger"])
    stages["train"] = challenger.run_id
    judged = datasets.load(task, challenger.dataset)
    stages["gate"] = judged.made_by or ""
    if judged.parent:
        stages["generate"] = datasets.load(task, judged.parent).made_by or ""
    return {name: run_id for name, run_id in stages.items() if run_id}


def table(task: Task, rounds: list[Round]) -> pd.DataFrame:
    """One line a round: rows, development value with interval, verdict, gains, seconds of its stages."""
    import pandas as pd

    return pd.DataFrame([line(task, one) for one in rounds if "train" in one.stages], columns=COLUMNS)


def line(task: Task, one: Round) -> dict[str, Any]:
    """The line of one round."""
    train: TrainResult = load_result("train", one.stages["train"])  # type: ignore[assignment]
    evaluated: Any = load_result("evaluate", one.stages["evaluate"]) if "evaluate" in one.stages else None
    evaluate: EvaluateResult | None = evaluated
    measure = train.measures[task.primary.name]
    return {
        "round": one.number,
        "rows": train.rows,
        "value": measure.value,
        "low": measure.low,
        "high": measure.high,
        "verdict": evaluate.verdict if evaluate else ("seed" if one.number == 0 else "none"),
        "promoted": evaluate.promote if evaluate else one.number == 0,
        "gain": evaluate.development_gain if evaluate else None,
        "sealed_gain": evaluate.sealed.difference if evaluate and evaluate.sealed else None,
        "seconds": sum(seconds(run_id) for run_id in one.stages.values()),
        "model": train.model,
    }


def seconds(run_id: str) -> float:
    """How long a run took; 0 while it is still open."""
    info = runs.get(run_id).info
    return (info.end_time - info.start_time) / 1000 if info.end_time else 0.0


def latest_round(task: Task) -> tuple[Round, str] | None:
    """The newest round that compared models, else the newest that did anything; with its loop's run id."""
    found = [
        (as_round(run), run.data.tags.get("mlflow.parentRunId", ""))
        for run in runs.search(task, "tags.`veritrain.kind` = 'round'", limit=50)
    ]
    begun = [pair for pair in found if pair[0].stages]
    return next((pair for pair in begun if "evaluate" in pair[0].stages), begun[0] if begun else None)
