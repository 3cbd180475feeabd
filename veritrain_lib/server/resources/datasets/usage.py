"""Trainings that used a dataset, and the check whether a dataset can be deleted."""

from __future__ import annotations

import re

from veritrain_lib.server.http.timestamps import utc_datetime
from veritrain_lib.server.resources.datasets.schemas import DatasetUse
from veritrain_lib.server.tasks import task_of_run
from veritrain_lib.tracking import models
from veritrain_lib.tracking.dataset_listing import DatasetItem
from veritrain_lib.tracking.datasets import PREFIX
from veritrain_lib.tracking.entities import Run
from veritrain_lib.tracking.listing import RunQuery, read_runs, runs_page

MAX_USES = 200
"""Maximum number of trainings that are listed, newest first."""


def usage_history(item: DatasetItem) -> list[DatasetUse]:
    """Return the trainings on the accepted rows of a dataset, newest first, each with its experiment.

    Raises:
        Conflict: The file of the dataset's task is missing or invalid.
    """
    training_runs, _ = runs_page(
        RunQuery(
            tags={"veritrain.stage": ["train"], "veritrain.input.dataset": references_of(item)},
            statuses=["FINISHED"],
        ),
        limit=MAX_USES,
    )
    if not training_runs:
        return []
    metric = task_of_run(item.run).primary.name
    rounds = _rounds([run.info.run_id for run in training_runs])
    parents = read_runs(
        [parent_id for run in training_runs if (parent_id := run.data.tags.get("mlflow.parentRunId"))]
    )
    uses = []
    for run in training_runs:
        parent = parents.get(run.data.tags.get("mlflow.parentRunId", ""))
        experiments = {
            experiment_run.info.run_id: experiment_run
            for experiment_run in (*rounds.get(run.info.run_id, []), *([parent] if parent else []))
        }
        for experiment in experiments.values() or [run]:
            uses.append(
                DatasetUse(
                    experiment_id=experiment.info.run_id,
                    experiment_name=experiment.data.tags.get("veritrain.experiment.name")
                    or experiment.info.run_name,
                    used_at=utc_datetime(run.info.start_time),
                    performance=run.data.metrics.get(metric),
                )
            )
    return uses


def _rounds(training_run_ids: list[str]) -> dict[str, list[Run]]:
    """Return, by the id of each training run, the rounds of the improvement loop that used this training.

    Several rounds share a training if they asked for the same work.
    """
    stage_tag = "veritrain.run.train"
    round_runs, _ = runs_page(
        RunQuery(tags={stage_tag: training_run_ids, "veritrain.kind": ["round"]}), limit=MAX_USES
    )
    rounds_by_run: dict[str, list[Run]] = {}
    for round_run in round_runs:
        rounds_by_run.setdefault(round_run.data.tags[stage_tag], []).append(round_run)
    return rounds_by_run


def references_of(item: DatasetItem) -> list[str]:
    """Return the names (NAME@VERSION) of a dataset and of the rows that the quality gate accepted from it."""
    runs = [run for run in (item.run, item.gate) if run is not None]
    return list(
        dict.fromkeys(f"{run.data.tags[f'{PREFIX}name']}@{run.data.tags[f'{PREFIX}version']}" for run in runs)
    )


def deletion_blocker(item: DatasetItem) -> str:
    """Return the reason why a dataset can't be deleted; an empty string if it can.

    It can't be deleted if the champion was trained on it, an unfinished run uses it, or another dataset was derived
    from it.

    Raises:
        Conflict: The file of the dataset's task is missing or invalid.
    """
    task, dataset_references = task_of_run(item.run), references_of(item)
    champion = models.by_alias(task, models.CHAMPION)
    if champion is not None and champion.dataset in dataset_references:
        return f"the champion {champion.uri} was trained on it"
    dataset_run_ids = {item.run.info.run_id, item.gate.info.run_id if item.gate else ""}
    mention = re.compile(
        "|".join(
            [item.run.info.run_id, *(rf"\b{re.escape(reference)}(?!\d)" for reference in dataset_references)]
        )
    )
    active_runs, _ = runs_page(
        RunQuery(tags={"veritrain.task": [task.name]}, statuses=["RUNNING", "SCHEDULED"]), limit=1000
    )
    for run in active_runs:
        values = "\n".join([*run.data.tags.values(), *run.data.params.values()])
        if run.info.run_id not in dataset_run_ids and mention.search(values):
            return f"run {run.info.run_id} ({run.info.run_name}) uses it"
    derived_runs, _ = runs_page(
        RunQuery(tags={f"{PREFIX}parent": dataset_references}, statuses=["FINISHED"]), limit=1000
    )
    for run in derived_runs:
        if run.info.run_id not in dataset_run_ids:
            reference = f"{run.data.tags[f'{PREFIX}name']}@{run.data.tags[f'{PREFIX}version']}"
            return f"{reference} was derived from it"
    return ""
