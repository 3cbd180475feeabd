"""Check that all outputs of a finished loop still exist: runs, files, datasets, models and the alias `champion`.

Open this to see what makes a finished loop run again, and how the alias `champion` is restored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.loop.record import START
from veritrain_lib.stages.record.finished_work import missing_outputs
from veritrain_lib.stages.record.history import STAGE_RUN
from veritrain_lib.tracking import datasets, models, runs
from veritrain_lib.tracking.state import claims

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.loop.record import LoopResult

SHOWN = 5
"""Largest number of missing outputs that a message names; further ones are only counted."""


ALIAS_MISSING = "veritrain.alias_gone"
"""MLflow tag of a loop that runs again: `true` if the alias `champion` was missing when it started."""


def missing_parts(task: Task, loop_run: str) -> list[str]:
    """List the outputs of a finished loop that no longer exist, each as a phrase for people; empty if all exist.

    Files that are stored on another machine are not checked.

    Args:
        task: The task.
        loop_run: The id of the loop's MLflow run.
    """
    runs_by_id = {run.info.run_id: run for run in runs.search(task)}
    tags = runs_by_id[loop_run].data.tags if loop_run in runs_by_id else {}
    child_runs = [run for run in runs_by_id.values() if run.data.tags.get("mlflow.parentRunId") == loop_run]
    rounds = {
        run.data.tags.get("veritrain.round")
        for run in child_runs
        if run.data.tags.get("veritrain.kind") == "round"
    }
    # A round that ended because the budget was spent is counted too, and has its run.
    expected_rounds = range(int(tags.get("veritrain.rounds") or 0) + 1)
    missing = [f"the run of round {number}" for number in expected_rounds if str(number) not in rounds]
    if tags.get("veritrain.verdict", "none") != "none" and "final" not in {
        run.data.tags.get("veritrain.kind") for run in child_runs
    }:
        missing.append("the run of the final comparison")
    for child in child_runs:
        where = (
            f"round {child.data.tags['veritrain.round']}"
            if child.data.tags.get("veritrain.round")
            else "the final comparison"
        )
        for key, run_id in child.data.tags.items():
            if not key.startswith(STAGE_RUN):
                continue
            if run_id not in runs_by_id:
                missing.append(f"the run of {key.removeprefix(STAGE_RUN)} in {where}")
                continue
            missing += [
                f"{name} ({key.removeprefix(STAGE_RUN)} in {where})"
                for name in missing_outputs(task, runs_by_id[run_id])
            ]
    return list(dict.fromkeys(missing))


def missing_message(missing: list[str]) -> str:
    """Return one line for people that names the missing outputs of a finished loop."""
    more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
    return f"Something that this loop made is missing: {', '.join(missing[:SHOWN])}{more}. It is made again."


def missing_start(task: Task, loop_run: str) -> list[str]:
    """List the models and the dataset that a loop is to start from but that no longer exist.

    An earlier loop of the task made them: its champion, its newest model and its newest dataset.

    Args:
        task: The task.
        loop_run: The id of the new loop's MLflow run, whose tags name them.

    Returns:
        The address or reference of each; empty if all exist.
    """
    tags = runs.get(loop_run).data.tags
    missing = []
    for role in ("champion", "model"):
        uri = tags.get(f"{START}{role}", "")
        if uri and (
            models.resolve_version_uri(uri) is None or models.missing(task, models.describe(task, uri))
        ):
            missing.append(uri)
    dataset = tags.get(f"{START}dataset", "")
    if dataset and not datasets.is_intact(task, dataset):
        missing.append(dataset)
    return list(dict.fromkeys(missing))


def reset_start(loop_run: str) -> None:
    """Make a loop start from the task's seed rows, not from the models and dataset of an earlier loop.

    This empties the tags of the loop's MLflow run that name them.

    Args:
        loop_run: The id of the loop's run.
    """
    runs.tag(loop_run, {f"{START}{role}": "" for role in ("champion", "model", "dataset")})


def record_alias(task: Task, loop_run: str) -> None:
    """Store in a loop's MLflow run whether the task has no alias `champion` now.

    This is called before a finished loop is run again to make missing outputs, because that loop sets the alias itself.

    Args:
        task: The task.
        loop_run: The id of the loop's run.
    """
    runs.tag(loop_run, {ALIAS_MISSING: str(models.by_alias(task, models.CHAMPION) is None).lower()})


def settle_champion(task: Task, champion: str, *, was_moved: bool) -> tuple[str, str]:
    """Point the alias `champion` at the loop's champion if the alias is missing.

    If a person has moved the alias to another model, it stays there.

    Args:
        task: The task.
        champion: The address of the loop's champion.
        was_moved: Whether the alias was missing when the loop was run again. The loop's first model has then received
            the alias, which is now moved to the loop's champion.

    Returns:
        A sentence that says what was done, and a note for people if the alias points at another model. Either is empty
        if it does not apply.
    """
    if models.resolve_version_uri(champion) is None:
        return "", ""
    with claims.claim_update(f"champion of {task.name}", f"promote a model of task {task.name}"):
        current = models.by_alias(task, models.CHAMPION)
        if current is None or (
            was_moved and models.identity(task, current.uri) != models.identity(task, champion)
        ):
            models.set_alias(task, models.describe(task, champion).version, models.CHAMPION)
            return f"The alias champion pointed nowhere; it points at {champion} again.", ""
    if models.identity(task, current.uri) == models.identity(task, champion):
        return "", ""
    return "", (
        f"The champion is {current.uri} now: the alias was moved during or after this loop, which ended with {champion}. "
        f"To promote that one: veritrain evaluate {task.path} --champion {current.uri} --challenger {champion}"
    )


def with_champion(task: Task, result: LoopResult) -> tuple[LoopResult, str]:
    """Restore a missing alias `champion`, and add a note to the loop's result if it points at another model.

    Returns:
        The result, and a sentence that says what was done to the alias; empty if nothing was.
    """
    from dataclasses import replace

    if not result.champion:
        return result, ""
    was_moved = runs.get(result.run_id).data.tags.get(ALIAS_MISSING) == "true"
    done, note = settle_champion(task, result.champion, was_moved=was_moved)
    if was_moved:
        runs.tag(result.run_id, {ALIAS_MISSING: "false"})
    return replace(result, note=note), done
