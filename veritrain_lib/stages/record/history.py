"""History of a loop, read from MLflow: its rounds, the runs of their stages, and a table of results by round.

Open this for the numbers of the learning curve, or to find the stage runs behind a round or an evaluation.
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
"""Prefix of the MLflow tags in which a round's run names the run of each of its stages: `veritrain.run.gate`.

A stage run whose work several rounds share is named in each of them.
"""

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
    """One round of a loop, as MLflow stores it: the round's run and the runs of its stages.

    Attributes:
        number: The round's number; 0 is the round that trains the seed model.
        run_id: The id of the round's own MLflow run.
        stages: The run id of each stage that has run, by stage name.
    """

    number: int
    run_id: str
    stages: dict[str, str]


def loop_rounds(task: Task, loop_run: str) -> list[Round]:
    """Return the rounds of a loop in order, without the final comparison of the seed model with the last champion.

    Args:
        task: The task.
        loop_run: The id of the loop's MLflow run.
    """
    round_runs = [
        round_
        for round_ in runs.children(task, loop_run)
        if round_.data.tags.get("veritrain.kind") == "round"
    ]
    return sorted((as_round(run) for run in round_runs), key=lambda round_: round_.number)


def as_round(run: runs.Run) -> Round:
    """Return the round of a loop that an MLflow run stores in its tags."""
    tags = run.data.tags
    stages = {name: tags[STAGE_RUN + name] for name in NAMES if STAGE_RUN + name in tags}
    return Round(int(tags.get("veritrain.round") or 0), run.info.run_id, stages)


def stages_by_lineage(task: Task, evaluation: str) -> dict[str, str]:
    """Find the stage runs whose results led to an evaluation, for an evaluation that belongs to no loop.

    Args:
        task: The task.
        evaluation: The run id of the evaluation.

    Returns:
        Run ids by stage name: the evaluation, the training of its challenger, and the gate and generate runs that made
        the training data. A stage whose run is unknown is left out.
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
    """Return a table of a loop's rounds that trained a model, one row each.

    Its columns are `COLUMNS`: the round's number, the number of training rows, the primary metric on development rows
    with its interval, the evaluation's verdict, whether the model was promoted, the gains on development and test rows,
    the seconds that the stages took, and the model's address.
    """
    import pandas as pd

    return pd.DataFrame(
        [line(task, round_) for round_ in rounds if "train" in round_.stages], columns=COLUMNS
    )


def line(task: Task, round_: Round) -> dict[str, Any]:
    """Return one round's row of the table of rounds, a value for each of `COLUMNS`."""
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
    """Return the duration of an MLflow run in seconds; 0 while it is still open."""
    info = runs.get(run_id).info
    return (info.end_time - info.start_time) / 1000 if info.end_time else 0.0


def latest_round(task: Task) -> tuple[Round, str] | None:
    """Return the newest round that evaluated a model, or else the newest round in which any stage has run.

    Returns:
        The round and the id of its loop's MLflow run; None when no stage of any round has run.
    """
    round_runs = [
        (as_round(run), run.data.tags.get("mlflow.parentRunId", ""))
        for run in runs.search(task, "tags.`veritrain.kind` = 'round'", limit=50)
    ]
    started = [pair for pair in round_runs if pair[0].stages]
    return next((pair for pair in started if "evaluate" in pair[0].stages), started[0] if started else None)
