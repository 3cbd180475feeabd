"""The rounds of a loop, read from MLflow: the runs of their stages, and a table of their results.

Open this for the learning curve's numbers, or to find the stage runs behind a round or an evaluation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from veritrain_lib.stages import NAMES
from veritrain_lib.stages.record.stored_result import load_result
from veritrain_lib.tracking import datasets, models, runs

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.evaluate.result import EvaluateResult
    from veritrain_lib.stages.train.result import TrainResult

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
    "held_out_gain",
    "seconds",
    "model",
]


@dataclass(frozen=True)
class Round:
    """One round of a loop.

    Attributes:
        number: Its number; 0 is the seed model.
        run_id: Its own run.
        stages: The run id of each of its stages, by name.
    """

    number: int
    run_id: str
    stages: dict[str, str]


def loop_rounds(task: Task, loop_run: str) -> list[Round]:
    """Return the rounds of a loop in order, without the final comparison."""
    round_runs = [
        round_
        for round_ in runs.children(task, loop_run)
        if round_.data.tags.get("veritrain.kind") == "round"
    ]
    return sorted((as_round(run) for run in round_runs), key=lambda round_: round_.number)


def as_round(run: runs.Run) -> Round:
    """Return a round, read from its run's tags."""
    tags = run.data.tags
    stages = {name: tags[STAGE_RUN + name] for name in NAMES if STAGE_RUN + name in tags}
    return Round(int(tags.get("veritrain.round") or 0), run.info.run_id, stages)


def stages_by_lineage(task: Task, evaluation: str) -> dict[str, str]:
    """Find the stage runs behind an evaluation that no loop made.

    Args:
        task: The task.
        evaluation: The run id of the evaluation.

    Returns:
        Run ids by stage: the evaluation, the training of its challenger, the gate and the generation of its data.
    """
    stages = {"evaluate": evaluation}
    challenger = models.describe(task, runs.get(evaluation).data.tags["veritrain.input.challenger"])
    stages["train"] = challenger.run_id
    judged = datasets.load(task, challenger.dataset)
    stages["gate"] = judged.made_by or ""
    if judged.parent:
        stages["generate"] = datasets.load(task, judged.parent).made_by or ""
    return {name: run_id for name, run_id in stages.items() if run_id}


def table(task: Task, rounds: list[Round]) -> pd.DataFrame:
    """Return a table with one row per round that trained a model; its columns are `COLUMNS`.

    These are the number of training rows, the development value with its interval, verdict, gains, and the seconds
    that its stages took.
    """
    import pandas as pd

    return pd.DataFrame(
        [line(task, round_) for round_ in rounds if "train" in round_.stages], columns=COLUMNS
    )


def line(task: Task, round_: Round) -> dict[str, Any]:
    """Return the row of `table` for one round."""
    train: TrainResult = load_result("train", round_.stages["train"])  # type: ignore[assignment]
    evaluated: Any = (
        load_result("evaluate", round_.stages["evaluate"]) if "evaluate" in round_.stages else None
    )
    evaluate: EvaluateResult | None = evaluated
    measure = train.measures[task.primary.name]
    return {
        "round": round_.number,
        "rows": train.rows,
        "value": measure.value,
        "low": measure.low,
        "high": measure.high,
        "verdict": evaluate.verdict if evaluate else ("seed" if round_.number == 0 else "none"),
        "promoted": evaluate.promote if evaluate else round_.number == 0,
        "gain": evaluate.development_gain if evaluate else None,
        "held_out_gain": evaluate.held_out.difference if evaluate and evaluate.held_out else None,
        "seconds": sum(seconds(run_id) for run_id in round_.stages.values()),
        "model": train.model,
    }


def seconds(run_id: str) -> float:
    """Return how many seconds a run took; 0 while it is still open."""
    info = runs.get(run_id).info
    return (info.end_time - info.start_time) / 1000 if info.end_time else 0.0


def latest_round(task: Task) -> tuple[Round, str] | None:
    """Find the newest round that compared models, else the newest that has done any stage.

    Returns:
        The round and its loop's run id; None when no round has done any stage.
    """
    round_runs = [
        (as_round(run), run.data.tags.get("mlflow.parentRunId", ""))
        for run in runs.search(task, "tags.`veritrain.kind` = 'round'", limit=50)
    ]
    started = [pair for pair in round_runs if pair[0].stages]
    return next((pair for pair in started if "evaluate" in pair[0].stages), started[0] if started else None)
