"""Who uses a dataset: what was trained on it, and why it can't be deleted."""

from __future__ import annotations

import re
from datetime import datetime

from veritrain_lib.server.api.casing import TwofoldAnswer
from veritrain_lib.server.serializers.dataset import moment
from veritrain_lib.server.serializers.task import task_of
from veritrain_lib.tracking import models
from veritrain_lib.tracking.dataset_listing import DatasetItem
from veritrain_lib.tracking.datasets import PREFIX
from veritrain_lib.tracking.entities import Run
from veritrain_lib.tracking.listing import RunQuery, read_runs, runs_page

MOST = 200
"""Uses that are listed, the newest first."""


class Use(TwofoldAnswer):
    """A training on the dataset. `performance` is the task's primary metric on development rows."""

    experiment_id: str
    experiment_name: str
    used_at: datetime
    performance: float | None


def usage_history(item: DatasetItem) -> list[Use]:
    """Every training on the rows that the gate let through, under the experiment that it belongs to."""
    trained, _ = runs_page(
        RunQuery(
            tags={"veritrain.stage": ["train"], "veritrain.input.dataset": references(item)},
            statuses=["FINISHED"],
        ),
        limit=MOST,
    )
    if not trained:
        return []
    metric = task_of(item.run).primary.name
    rounds = _rounds([run.info.run_id for run in trained])
    parents = read_runs([parent for run in trained if (parent := run.data.tags.get("mlflow.parentRunId"))])
    found = []
    for run in trained:
        own = parents.get(run.data.tags.get("mlflow.parentRunId", ""))
        under = {one.info.run_id: one for one in (*rounds.get(run.info.run_id, []), *([own] if own else []))}
        for experiment in under.values() or [run]:
            found.append(
                Use(
                    experiment_id=experiment.info.run_id,
                    experiment_name=experiment.data.tags.get("veritrain.experiment.name")
                    or experiment.info.run_name,
                    used_at=moment(run.info.start_time),
                    performance=run.data.metrics.get(metric),
                )
            )
    return found


def _rounds(trained: list[str]) -> dict[str, list[Run]]:
    """The rounds that count each training among their stages: shared work counts in every round."""
    named = "veritrain.run.train"
    rounds, _ = runs_page(RunQuery(tags={named: trained, "veritrain.kind": ["round"]}), limit=MOST)
    found: dict[str, list[Run]] = {}
    for one in rounds:
        found.setdefault(one.data.tags[named], []).append(one)
    return found


def references(item: DatasetItem) -> list[str]:
    """NAME@VERSION of the dataset, and of what the gate let through of it."""
    made = [run for run in (item.run, item.gate) if run is not None]
    return list(
        dict.fromkeys(f"{run.data.tags[f'{PREFIX}name']}@{run.data.tags[f'{PREFIX}version']}" for run in made)
    )


def why_not_deleted(item: DatasetItem) -> str:
    """Why a dataset must stay: its reason, empty when nothing needs it.

    A champion was trained on it, something that runs or waits uses it, or another dataset grew from it.
    """
    task, mine = task_of(item.run), references(item)
    champion = models.by_alias(task, models.CHAMPION)
    if champion is not None and champion.dataset in mine:
        return f"the champion {champion.uri} was trained on it"
    own = {item.run.info.run_id, item.gate.info.run_id if item.gate else ""}
    named = re.compile("|".join([item.run.info.run_id, *(rf"\b{re.escape(one)}(?!\d)" for one in mine)]))
    busy, _ = runs_page(
        RunQuery(tags={"veritrain.task": [task.name]}, statuses=["RUNNING", "SCHEDULED"]), limit=1000
    )
    for run in busy:
        said = "\n".join([*run.data.tags.values(), *run.data.params.values()])
        if run.info.run_id not in own and named.search(said):
            return f"run {run.info.run_id} ({run.info.run_name}) uses it"
    grown, _ = runs_page(RunQuery(tags={f"{PREFIX}parent": mine}, statuses=["FINISHED"]), limit=1000)
    for run in grown:
        if run.info.run_id not in own:
            reference = f"{run.data.tags[f'{PREFIX}name']}@{run.data.tags[f'{PREFIX}version']}"
            return f"{reference} grew from it"
    return ""
