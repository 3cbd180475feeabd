"""Inputs of the report stage: the stage runs of a round or of a whole loop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import digest
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import Task
from veritrain_lib.stages.base import Inputs, MissingInput, Step
from veritrain_lib.stages.record import history
from veritrain_lib.tracking import runs

if TYPE_CHECKING:
    pass


PARAMETERS: Mapping[str, Any] = {"about": "", "scope": "round", "seed": 0}


LOOP_KINDS = ("loop", "final")
"""Values of the tag `veritrain.kind` of MLflow runs that stand for a whole loop: its own run, its final comparison."""


RESULT_STAGES = ("generate", "gate", "train", "evaluate")
"""Names of the stages whose results a report is made from."""

DATA_STAGES = RESULT_STAGES[:-1]
"""Names of the stages that lead from new rows to a challenger; a loop's report takes them from its last round."""


def resolve(task: Task, parameters: Mapping[str, Any]) -> Inputs:
    """Find the stage runs that a report is about: those of a round or loop, or those that led to an evaluation.

    Args:
        task: The task.
        parameters: The values of the notebook parameters, by name. `about` is the id of a round's or loop's MLflow run;
            empty means the newest. `scope` is `round` or `loop`.

    Returns:
        The rounds, the ids of the stage runs, and their digests.

    Raises:
        MissingInput: when the task has neither a round nor an evaluation.
        UserError: when `about` does not fit `scope`, or no stage has run yet.
    """
    about = parameters["about"] or parameters["round_run"]
    rounds, stages = _find_round(task, about, parameters["scope"])
    numbers = _numbers(about, parameters["scope"], rounds)
    content = {
        "rounds": digest.of_json([round_.stages for round_ in rounds]),
        "stages": digest.of_json(stages),
        "task": task.digest(),
        "data": task.data_digest("test", "development", "pool"),
        "title": numbers,
    }
    resolved = {"rounds": rounds, "stages": stages, "numbers": numbers}
    return Inputs({"about": about or "latest"}, content, resolved)


def _find_round(task: Task, about: str, scope: str) -> tuple[list[history.Round], dict[str, str]]:
    if scope == "loop":
        return _find_loop(task, about)
    if not about:
        latest = history.latest_round(task)
        if latest is None:
            return [], history.stages_by_lineage(task, _evaluation(task))
        about = latest[0].run_id
    run = runs.get(about)
    if run.data.tags.get("veritrain.kind") in LOOP_KINDS:
        raise UserError(
            f"run {about} is a whole loop ({run.info.run_name}), not a round: give scope loop with it, or the run of a "
            "round"
        )
    round_ = history.as_round(run)
    loop_run = run.data.tags.get("mlflow.parentRunId", "")
    rounds = history.loop_rounds(task, loop_run) if loop_run else []
    rounds = [earlier for earlier in rounds if earlier.number <= round_.number]
    stages = {name: run_id for name, run_id in round_.stages.items() if name != "report"}
    if not stages:
        raise UserError(f"run {about} names no stages; give the run of a round or of a loop")
    return _without_reports(rounds), stages


def _find_loop(task: Task, about: str) -> tuple[list[history.Round], dict[str, str]]:
    """Find the rounds of a loop and the stage runs that a report on the whole loop is about.

    These are the final comparison of seed model and last champion, if there was one, and the other stages of the last
    round.

    Args:
        task: The task.
        about: The id of the loop's MLflow run, or of its final comparison's; empty means the newest loop.

    Returns:
        The rounds, and run ids by stage name.

    Raises:
        UserError: when there is no loop, the run is not a loop's, or no stage has run yet.
    """
    if not about:
        newest = runs.search(task, "tags.`veritrain.kind` = 'loop'", limit=1)
        if not newest:
            raise UserError(
                f"task {task.name!r} has no loop yet: give scope round, or run: veritrain loop {task.name}"
            )
        about = newest[0].info.run_id
    run = runs.get(about)
    kind, parent = run.data.tags.get("veritrain.kind"), run.data.tags.get("mlflow.parentRunId", "")
    if kind not in LOOP_KINDS:
        loop_hint = f", or its loop's run {parent}" if parent else ""
        raise UserError(
            f"run {about} is no whole loop ({run.info.run_name}): give scope round with it{loop_hint} with scope loop"
        )
    loop_run = about if kind == "loop" else parent
    finals = [
        child for child in runs.children(task, loop_run) if child.data.tags.get("veritrain.kind") == "final"
    ]
    rounds = history.loop_rounds(task, loop_run)
    stages: dict[str, str] = {}
    for last in [round_ for round_ in rounds if round_.number][-1:] or rounds[-1:]:
        stages |= {name: stage_run for name, stage_run in last.stages.items() if name in DATA_STAGES}
    for final in finals:
        final_stages = history.as_round(final).stages
        stages |= {name: stage_run for name, stage_run in final_stages.items() if name != "report"}
    if not stages:
        raise UserError(f"loop {loop_run} has done no stage yet; go on with: veritrain loop {task.name}")
    return _without_reports(rounds), stages


def _evaluation(task: Task) -> str:
    evaluations = runs.search(
        task, "tags.`veritrain.stage` = 'evaluate' AND attributes.status = 'FINISHED'", limit=1
    )
    if not evaluations:
        raise MissingInput(task.name, "no round and no evaluation to report on", Step("evaluate"))
    return evaluations[0].info.run_id


def _without_reports(rounds: list[history.Round]) -> list[history.Round]:
    return [
        history.Round(
            round_.number,
            round_.run_id,
            {name: run for name, run in round_.stages.items() if name != "report"},
        )
        for round_ in rounds
    ]


def _numbers(about: str, scope: str, rounds: list[history.Round]) -> str:
    """Return the report's subject for its title, such as `round 2` or `the whole loop, rounds 1 to 3`.

    Args:
        about: The id of the reported MLflow run; empty means the newest.
        scope: `round` or `loop`.
        rounds: The rounds up to the reported one; empty for an experiment without a loop, which is called by its run's
            name.
    """
    if scope == "loop":
        last = max((round_.number for round_ in rounds), default=0)
        return "the whole loop" + (f", rounds 1 to {last}" if last > 1 else "")
    if rounds:
        return f"round {rounds[-1].number}"
    return (runs.get(about).info.run_name if about else "") or "by hand"
